/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "verinit/boot_config.h"

/* What was taken is within bounds, fits the root hash, and has one text. */
static void check_geometry(const struct boot_config *c)
{
        struct verity_geometry again = {};
        char text[VERITY_GEOMETRY_TEXT_MAX];

        if (!c->has_geometry)
                return;
        FUZZ_ASSERT(!verity_geometry_check(&c->geometry));
        FUZZ_ASSERT(digest_size(c->geometry.alg) == c->root_hash_size);
        FUZZ_ASSERT(c->data_blocks == 0 || c->data_blocks == c->geometry.data_blocks);
        verity_geometry_format(&c->geometry, text);
        FUZZ_ASSERT(!verity_geometry_parse(text, &again) && verity_geometry_equal(&again, &c->geometry));
}

static void check_config(const struct boot_config *c, const struct floor *floor)
{
        FUZZ_ASSERT(c->root_hash_size == 32 || c->root_hash_size == 48 || c->root_hash_size == 64);
        FUZZ_ASSERT(c->usr_data.kind >= DEVICE_PATH && c->usr_data.kind <= DEVICE_PARTLABEL && c->usr_data.value[0]);
        FUZZ_ASSERT(c->usr_hash.kind >= DEVICE_PATH && c->usr_hash.kind <= DEVICE_PARTLABEL && c->usr_hash.value[0]);
        FUZZ_ASSERT(c->hash_offset_bytes % 512 == 0);
        FUZZ_ASSERT(c->root_kind == ROOT_TMPFS || floor->root == FLOOR_ROOT_UNVERIFIED);
        FUZZ_ASSERT((c->root_kind == ROOT_TMPFS) == (c->root.kind == DEVICE_NONE));
        FUZZ_ASSERT(c->init_path[0] == '/' && !strstr(c->init_path, "/../"));
        FUZZ_ASSERT(c->device_timeout_us >= 1000000 && c->device_timeout_us <= 3600000000);
        FUZZ_ASSERT(c->has_geometry || c->has_superblock);
        FUZZ_ASSERT(c->has_geometry || floor->pinned_geometry == NEED_ALLOW);
        FUZZ_ASSERT(!c->debug || floor->debug == NEED_ALLOW);
        FUZZ_ASSERT(c->on_failure == 0 || (c->on_failure & floor->failure_actions) == c->on_failure);
        FUZZ_ASSERT(c->fec.device.kind == DEVICE_NONE || (c->fec.roots >= 2 && c->fec.roots <= 24));
        check_geometry(c);
        FUZZ_ASSERT(!strchr(c->usr_options, '/') && strlen(c->usr_options) < sizeof(c->usr_options));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct boot_config c;
        struct floor strict, loose;
        struct error err;
        char text[160];

        floor_init(&strict);
        floor_init(&loose);
        loose.selinux = loose.pinned_geometry = loose.debug = loose.ipe = NEED_ALLOW;
        loose.failure_actions = FAILURE_REBOOT | FAILURE_HALT;
        loose.root = FLOOR_ROOT_UNVERIFIED;
        for (int i = 0; i < 2; i++) {
                const struct floor *floor = i == 0 ? &strict : &loose;

                err = (struct error) {};
                if (boot_config_parse((const char *) data, size, 2047, floor, &c, &err) < 0) {
                        FUZZ_ASSERT(fail_code_class(err.code) == FAIL_CONFIG ||
                                    (err.code == FAIL_GEOMETRY_NOT_PINNED_CODE && i == 0));
                        FUZZ_ASSERT(err.msg[0]);
                        continue;
                }
                check_config(&c, floor);
                device_spec_format(&c.root, text, sizeof(text));
        }
        return 0;
}
