# SPDX-License-Identifier: LGPL-2.1-or-later
#
# tests/unit/test_NAME.c, one line each; CRYPTO where real digests are needed.
