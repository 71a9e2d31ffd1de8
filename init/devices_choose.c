/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of what was seen is meant. Pure, so that each combination is a test.
 */
#include <errno.h>

#include "verinit/devices.h"

static int refuse_twins(const struct devices_wanted *w, const struct devices_matches *m, const char *where,
                        struct error *err)
{
        char spec[160];

        device_spec_format(w->spec, spec, sizeof(spec));
        return error_set(err, FAIL_TWIN_DEVICE_CODE, ENOTUNIQ, "%s (%s) is there %u times%s: %s, %s%s", spec, w->what, m->n,
                         where, m->first[0].name, m->first[1].name, m->n > 2 ? " …" : "");
}

static int choose_one(struct devices_wanted *w, bool may_be_elsewhere, struct error *err)
{
        const struct devices_matches *m = w->on_boot_disk.n == 0 && may_be_elsewhere ? &w->elsewhere : &w->on_boot_disk;
        size_t room = w->max_found > 0 ? w->max_found : 1, n = 0;

        if (m->damaged[0] != '\0')
                return error_set(err, FAIL_PARTITION_TABLE_INVALID_CODE, EBADMSG, "partition table of %s", m->damaged);
        if (m->n > room || m->n > DEVICES_MAX_FOUND)
                return refuse_twins(w, m, m == &w->on_boot_disk ? " on the disk that was booted from" : "", err);
        if (m->n == 0)
                return w->is_optional;
        for (; n < m->n; n++) {
                if (!m->first[n].is_found)
                        return 0;
                w->found[n] = m->first[n];
        }
        if (w->ret_n_found)
                *w->ret_n_found = n;
        return 1;
}

static int check_boot_disk(const struct devices_scan *scan, struct error *err)
{
        if (scan->n_boot_partitions > 1)
                return error_set(err, FAIL_TWIN_DEVICE_CODE, ENOTUNIQ,
                                 "the partition that was booted from is there %u times: %s, %s%s", scan->n_boot_partitions,
                                 scan->boot_partitions[0], scan->boot_partitions[1],
                                 scan->n_boot_partitions > 2 ? " …" : "");
        if (scan->boot_damaged[0] != '\0')
                return error_set(err, FAIL_PARTITION_TABLE_INVALID_CODE, EBADMSG,
                                 "partition table of %s, the disk that was booted from: %s", scan->boot_disk,
                                 scan->boot_damaged);
        return 0;
}

static void forget(struct devices_wanted *w)
{
        for (size_t i = 0; i == 0 || i < w->max_found; i++)
                w->found[i] = (struct found_device) {};
        if (w->ret_n_found)
                *w->ret_n_found = 0;
}

int devices_choose(struct devices_scan *scan, enum devices_elsewhere elsewhere, struct error *err)
{
        bool is_settled = elsewhere == ELSEWHERE_NOW || scan->n_boot_partitions > 0;
        bool is_complete = is_settled, may_be_elsewhere = is_settled && elsewhere != ELSEWHERE_NEVER;
        int r;

        for (size_t i = 0; i < scan->n_wanted; i++)
                forget(&scan->wanted[i]);
        r = check_boot_disk(scan, err);
        for (size_t i = 0; r >= 0 && i < scan->n_wanted; i++) {
                r = choose_one(&scan->wanted[i], may_be_elsewhere, err);
                is_complete = is_complete && r > 0;
        }
        return r < 0 ? r : is_complete;
}
