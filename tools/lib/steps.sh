# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# For tools that run long commands one after another: their output goes to logs, a line says how long each took.
# The sourcing script has set top, the checkout.

step_who=''
step_logs=''
step_watch=''
live_pid=''

# steps_begin WHO DIRECTORY: the name that begins each line, and where the logs go, each under its step's name.
steps_begin() {
        step_who=$1
        step_logs=$2
        check_path
        mkdir -p "$step_logs"
        trap stop_live EXIT
}

# autoconf, libtool and mmdebstrap's hooks take a path apart at blanks, an hour into the work or without a word.
check_path() {
        local LC_ALL=C
        case ${top:?} in
        *[!A-Za-z0-9/._+-]*)
                say "'$top': not all of what is built bears such a path: move the checkout to one of" \
                        "letters, digits and / . _ + -"
                return 1
                ;;
        esac
}

# steps_watch FILE: what shows better than its log how far the next step has come.
steps_watch() {
        step_watch=$1
}

say() {
        printf '%s: %s\n' "$step_who" "$*" >&2
}

# The end of FILE as one line that cannot move a cursor: consoles and apt write control sequences.
last_words() {
        tail -c 2000 "$1" 2>/dev/null | sed -e 's/\x1b\[[0-9;?=]*[A-Za-z]//g' | tr '\r' '\n' |
                LC_ALL=C tr -cd '[:print:]\n' | grep -v '^[[:space:]]*$' | tail -n 1
}

# What goes on, once a second, until it is killed or its parent is gone. The clock is for the reader alone.
show_live() {
        local name=$1 file=$2 start=$SECONDS width text
        width=$(stty size <&2 2>/dev/null | cut -d ' ' -f 2) || true
        [ "${width:-0}" -gt 1 ] || width=80
        while kill -0 $$ 2>/dev/null; do
                text="$step_who: $name: $((SECONDS - start)) s  $(last_words "$file" || true)"
                printf '\r\e[K%s' "${text:0:$((width - 1))}" >&2
                sleep 1
        done
}

stop_live() {
        [ -n "$live_pid" ] || return 0
        kill "$live_pid" 2>/dev/null || true
        wait "$live_pid" 2>/dev/null || true
        live_pid=''
        printf '\r\e[K' >&2
}

# run_step NAME COMMAND...: its output goes to a log, of which the end is shown if it fails. When COMMAND is a function,
# not as a condition (if, ||): bash then lets the function go on behind a command that failed.
run_step() {
        local name=$1 start=$SECONDS log=$step_logs/$1.log status=0
        shift
        : >"$log"
        if [ -t 2 ]; then
                # Without the descriptors of the caller's locks: a sleep outlives its shell.
                show_live "$name" "${step_watch:-$log}" 9>&- &
                live_pid=$!
        else
                say "$name: begun, log in ${log#"${top:?}"/}"
        fi
        set +e
        (
                set -e
                "$@"
        ) >"$log" 2>&1 </dev/null
        status=$?
        set -e
        stop_live
        step_watch=''
        if [ "$status" -eq 0 ]; then
                say "$name: $((SECONDS - start)) s"
                return 0
        fi
        say "$name: FAILED after $((SECONDS - start)) s, log in ${log#"${top:?}"/}:"
        tail -n 40 "$log" >&2
        return 1
}
