# SPDX-License-Identifier: LGPL-2.1-or-later
"""What /sys/fs/selinux/policy would say, had nobody set the two booleans of the lock: to compare it with what it said before.

UAPI: security/selinux/ss/conditional.c cond_write_bool(), cond_write_node(): the kernel renders the state of each boolean, and of each
condition what it comes to, and of each of its rules whether it is in force.
"""

from __future__ import annotations

BOOLEANS = (b"secure_mode_policyload", b"secure_mode_setbool")
BOOL, NOT, OR, AND, XOR, EQ, NEQ = range(1, 8)
EXPRESSION_MAX = 10
# Of struct avtab_key and datum, without extended permissions; the high byte of AVTAB_ENABLED.
RULE, ENABLED = 12, 0x80


def _u32(policy: bytes | bytearray, at: int) -> int:
    return int.from_bytes(policy[at:at + 4], "little")


def _came_to(terms: list[tuple[int, int]]) -> int | None:
    """In reverse Polish notation, with every boolean off; None for bytes that are no condition."""
    stack: list[int] = []
    for kind, boolean in terms:
        if kind == BOOL:
            stack.append(0)
        elif boolean or not BOOL < kind <= NEQ or len(stack) < (1 if kind == NOT else 2):
            return None
        elif kind == NOT:
            stack.append(1 - stack.pop())
        else:
            b, a = stack.pop(), stack.pop()
            stack.append({OR: a | b, AND: a & b, XOR: a ^ b, EQ: int(a == b), NEQ: int(a != b)}[kind])
    return stack[0] if len(stack) == 1 else None


def _enable(text: bytearray, at: int, state: int) -> None:
    """The rules of a condition, those for true and then those for false: source, target, class, what it is, data."""
    for is_on in (state == 1, state == 0):
        count, at = _u32(text, at), at + 4
        for _ in range(count):
            text[at + 7] = text[at + 7] & ~ENABLED | (ENABLED if is_on else 0)
            at += RULE


def unlocked(policy: bytes) -> tuple[bytes, list[int]]:
    """The policy with both off, and the states that they had."""
    text, states, values = bytearray(policy), [], []
    for name in BOOLEANS:
        at = policy.index(len(name).to_bytes(4, "little") + name) - 8
        values.append(_u32(policy, at))
        states.append(_u32(policy, at + 4))
        text[at + 4:at + 8] = bytes(4)
    for value in values:
        term = BOOL.to_bytes(4, "little") + value.to_bytes(4, "little")
        at = policy.find(term)
        while at >= 0:
            for before in range(EXPRESSION_MAX):
                start = at - 8 * before
                count = _u32(policy, start - 4)
                if not before < count <= EXPRESSION_MAX:
                    continue
                terms = [(_u32(policy, i), _u32(policy, i + 4)) for i in range(start, start + 8 * count, 8)]
                result = _came_to(terms)
                if result is not None and all(kind != BOOL or boolean in values for kind, boolean in terms):
                    text[start - 8:start - 4] = result.to_bytes(4, "little")
                    _enable(text, start + 8 * count, result)
            at = policy.find(term, at + 1)
    return bytes(text), states
