/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * init/modules_ahead.c: whatever fails, on however many processors, and whoever ends first, what comes of it is what comes of it
 * where modules are loaded one after another.
 */
#include <errno.h>

#include "fake_os.h"
#include "fakes.h"
#include "temp_dir.h"
#include "verinit/boot.h"
#include "verinit/fsat.h"
#include "verinit/modules.h"

/* In the order in which one processor loads them. */
static const char *const names[] = { "host", "disk", "dm", "bufio", "verity", "crc", "erofs", "ssse3", "sha" };

#define TABLE                                                                                              \
        "verinit-modules 1 6.12\n"                                                                         \
        "module dm dm.ko - -\nmodule crc crc.ko - -\nmodule ssse3 ssse3.ko - optional\n"                   \
        "module bufio bufio.ko dm -\nmodule verity verity.ko bufio,dm -\nmodule erofs erofs.ko crc,dm -\n" \
        "module sha sha.ko ssse3 -\nmodule host host.ko - -\nmodule disk disk.ko host -\n"                 \
        "feature verity verity\nfeature erofs erofs,sha\nalias virtio:2* disk\nalias virtio:1* host\n"

static const char *const features[] = { "verity", "erofs", "not-packed" };

static struct boot boot;
static struct temp_dir dir;

struct outcome {
        int r;
        unsigned n_modules;
        struct error error;
};

#define DISK_MODALIAS "sys/bus/virtio/devices/a/modalias"

static void put_disk(void)
{
        assert_int_equal(fsat_create(dir.fd, DISK_MODALIAS, "virtio:2v1\n", 11, 0644), 0);
}

static int set_up(_unused_ void **state)
{
        char path[64];

        if (temp_dir_make(&dir) < 0 || fsat_mkdir_p(dir.fd, "lib/modules", 0755) < 0 ||
            fsat_mkdir_p(dir.fd, "sys/bus/virtio/devices/a", 0755) < 0 || fsat_mkdir_p(dir.fd, "sys/bus/virtio/devices/b", 0755) < 0 ||
            fsat_create(dir.fd, "sys/bus/virtio/devices/b/modalias", "virtio:1v1\n", 11, 0644) < 0)
                return -1;
        put_disk();
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                (void) snprintf(path, sizeof(path), "lib/modules/%s.ko", names[i]);
                if (fsat_create(dir.fd, path, "ELF", 3, 0644) < 0)
                        return -1;
        }
        return 0;
}

static int tear_down(_unused_ void **state)
{
        return temp_dir_remove(&dir);
}

/* As stage probe does it. */
static int load_all(struct error *err)
{
        unsigned n;
        int r;

        modules_load_ahead(&boot, features, ARRAY_SIZE(features));
        r = modules_coldplug(&boot, &n, err);
        for (size_t i = 0; r == 0 && i < 2; i++)
                r = modules_load_feature(&boot, features[i], err);
        return r < 0 ? r : modules_check_ahead(&boot, err);
}

static struct outcome load_with(unsigned processors)
{
        struct outcome o = {};

        fake_os.processors = processors;
        memset(&boot, 0, sizeof(boot));
        boot.root_fd = dir.fd;
        boot.config.floor.root_hash_signature = NEED_ALLOW;
        (void) str_copy(boot.config.cmdline_text, sizeof(boot.config.cmdline_text), "quiet dm.x=1 disk.y=2");
        assert_int_equal(modtable_parse(TABLE, strlen(TABLE), &boot.modtable, &o.error), 0);
        o.r = load_all(&o.error);
        o.n_modules = boot.evidence.n_modules;
        assert_int_equal(fake_os.n_workers, 0);
        return o;
}

static void reset(void)
{
        fake_reset();
        fake_os_reset();
}

static size_t at(const char *call, const char *name)
{
        for (size_t i = 0; i < fake_count(call); i++) {
                const char *rest = str_after(fake_find(call, i)->detail, "lib/modules/");

                rest = rest ? str_after(rest, name) : NULL;
                if (rest && str_after(rest, ".ko"))
                        return fake_position(call, i);
        }
        return 0;
}

static const struct modtable_module *module_of(const char *name)
{
        for (size_t i = 0; i < boot.modtable.n_modules; i++)
                if (str_equal(boot.modtable.modules[i].name, name))
                        return &boot.modtable.modules[i];
        fail_msg("no module %s", name);
        return NULL;
}

static void test_one_processor_loads_them_itself(_unused_ void **state)
{
        struct outcome o;

        reset();
        o = load_with(1);
        assert_int_equal(o.r, 0);
        assert_int_equal(o.n_modules, ARRAY_SIZE(names));
        /* No process, and the order of the list. */
        assert_int_equal(fake_log.n_calls, ARRAY_SIZE(names));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(at("os_load_module", names[i]), i + 1);
}

static void assert_after_its_dependencies(const char *name)
{
        const struct modtable_module *m = module_of(name);

        assert_true(at("os_load_module_beside", name) > 0);
        for (size_t i = 0; i < m->n_deps; i++)
                assert_true(at("os_wait_worker", boot.modtable.modules[m->deps[i]].name) < at("os_load_module_beside", name));
}

/* Each waits for what it needs and for a processor, and for nothing else. */
static void test_side_by_side(_unused_ void **state)
{
        static const struct {
                unsigned processors;
                size_t most;
        } rows[] = { { 2, 2 }, { 3, 3 }, { 4, 4 }, { 16, 4 }, { 500, 4 } };

        for (size_t i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
                struct outcome o;

                reset();
                fake_os.is_last_worker_first = i % 2 == 1;
                o = load_with(rows[i / 2].processors);
                assert_int_equal(o.r, 0);
                assert_int_equal(o.n_modules, ARRAY_SIZE(names));
                assert_int_equal(fake_os.max_workers, rows[i / 2].most);
                assert_int_equal(fake_count("os_load_module_beside"), ARRAY_SIZE(names));
                assert_int_equal(fake_count("os_load_module"), 0);
                for (size_t k = 0; k < ARRAY_SIZE(names); k++)
                        assert_after_its_dependencies(names[k]);
        }
        assert_string_equal(fake_find("os_load_module_beside", 1)->detail, "lib/modules/dm.ko x=1");
}

static struct fault {
        const char *module;
        int r;
} faults[2];

static int fault_of(const char *name)
{
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++) {
                const char *rest = faults[i].module ? str_after(name, "lib/modules/") : NULL;

                rest = rest ? str_after(rest, faults[i].module) : NULL;
                if (rest && str_equal(rest, ".ko"))
                        return faults[i].r;
        }
        return 0;
}

static void assert_same(const struct outcome *one, const struct outcome *many)
{
        if (one->r != many->r || one->error.code != many->error.code || one->error.err != many->error.err ||
            !str_equal(one->error.msg, many->error.msg) || (one->r == 0 && one->n_modules != many->n_modules))
                fail_msg("%s %d, %s %d: one processor says \"%s\", more say \"%s\"", faults[0].module, faults[0].r,
                         faults[1].module ? faults[1].module : "-", faults[1].r, one->error.msg, many->error.msg);
}

static void compare(int (*worker_answer)(const char *name, int r))
{
        struct outcome one, many;

        reset();
        fake_os.load_module = fault_of;
        one = load_with(1);
        for (unsigned processors = 2; processors <= 6; processors++)
                for (int order = 0; order < 2; order++) {
                        reset();
                        fake_os.load_module = fault_of;
                        fake_os.worker_answer = worker_answer;
                        fake_os.is_last_worker_first = order == 1;
                        many = load_with(processors);
                        assert_same(&one, &many);
                }
}

static void test_each_may_be_refused(_unused_ void **state)
{
        /* A fault; one that an optional module may have; one that a driver may have. */
        static const int errnos[] = { ENOEXEC, ENODEV, EBUSY };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (size_t k = 0; k < ARRAY_SIZE(errnos); k++) {
                        faults[0] = (struct fault) { names[i], -errnos[k] };
                        faults[1] = (struct fault) {};
                        compare(NULL);
                }
}

/* Whichever the kernel refuses first: the one that stands first is reported. */
static void test_any_two_may_be_refused(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
                        faults[0] = (struct fault) { names[i], -EKEYREJECTED };
                        faults[1] = (struct fault) { names[k], -ENOEXEC };
                        compare(NULL);
                }
}

static void test_nothing_is_begun_after_a_refusal(_unused_ void **state)
{
        reset();
        faults[0] = (struct fault) { "host", -ENOEXEC };
        faults[1] = (struct fault) {};
        fake_os.load_module = fault_of;
        assert_true(load_with(2).r < 0);
        assert_int_equal(fake_count("os_load_module_beside"), 2);
        assert_int_equal(fake_count("os_wait_worker"), 2);
        assert_int_equal(fake_count("os_load_module"), 0);
}

/* A processor without the instructions: no reason to go on one by one. */
static void test_an_optional_one_may_be_refused_ahead(_unused_ void **state)
{
        reset();
        faults[0] = (struct fault) { "ssse3", -ENODEV };
        faults[1] = (struct fault) {};
        fake_os.load_module = fault_of;
        assert_int_equal(load_with(4).r, 0);
        assert_int_equal(fake_count("os_load_module_beside"), ARRAY_SIZE(names));
        assert_int_equal(fake_count("os_load_module"), 0);
}

/* More than an exit status holds: 517 is EPROBE_DEFER. PID 1 then asks itself, and says what it hears. */
static int mute(_unused_ const char *name, int r)
{
        return r < -254 ? OS_WORKER_MUTE : r;
}

static void test_answers_that_no_worker_can_give(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                faults[0] = (struct fault) { names[i], -517 };
                faults[1] = (struct fault) {};
                compare(mute);
        }
}

static int die(const char *name, _unused_ int r)
{
        return fault_of(name) != 0 ? OS_WORKER_DIED : 0;
}

static void assert_refused(const struct outcome *o, const char *wanted, int err)
{
        if (o->r >= 0 || o->error.code != FAIL_MODULE_LOAD_FAILED_CODE || o->error.err != err || !strstr(o->error.msg, wanted))
                fail_msg("wanted: %s; is: %d %d %s", wanted, o->r, o->error.err, o->error.msg);
}

static void test_a_worker_that_dies(_unused_ void **state)
{
        char wanted[96];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                for (unsigned processors = 2; processors <= 6; processors += 2) {
                        struct outcome o;

                        reset();
                        faults[0] = (struct fault) { names[i], -ENOEXEC };
                        faults[1] = (struct fault) {};
                        fake_os.worker_answer = die;
                        fake_os.load_module = fault_of;
                        o = load_with(processors);
                        (void) snprintf(wanted, sizeof(wanted), "the process that loads module %s was ended", names[i]);
                        assert_refused(&o, wanted, EOWNERDEAD);
                }
}

static void test_a_worker_that_hangs(_unused_ void **state)
{
        char wanted[96];

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                struct outcome o;
                char file[32];

                reset();
                (void) snprintf(file, sizeof(file), "/%s.ko", names[i]);
                fake_os.hanging = file;
                o = load_with(2);
                (void) snprintf(wanted, sizeof(wanted), "module %s is still not loaded", names[i]);
                assert_refused(&o, wanted, ETIME);
                assert_int_equal(fake_count("os_drop_worker"), 1);
                assert_true(fake_os.now_us > 180 * 1000000 && fake_os.now_us < 181 * 1000000);
        }
}

static void test_workers_that_cannot_be_waited_for(_unused_ void **state)
{
        struct outcome o;

        reset();
        fake_fail_name("os_wait_worker");
        o = load_with(2);
        assert_refused(&o, "cannot wait for the process that loads module host: EIO", EIO);
        assert_int_equal(fake_count("os_drop_worker"), 2);
}

/* Its device went away meanwhile, so nobody asks for the driver in its turn; the one that hangs is told all the same. */
static int unplug_disk(const char *name, int r)
{
        if (!strstr(name, "/disk.ko"))
                return r;
        assert_int_equal(unlinkat(dir.fd, DISK_MODALIAS, 0), 0);
        return OS_WORKER_DIED;
}

static void test_a_worker_whose_device_is_gone(_unused_ void **state)
{
        struct outcome o;

        reset();
        fake_os.worker_answer = unplug_disk;
        o = load_with(2);
        put_disk();
        assert_int_equal(at("os_load_module", "disk"), 0);
        assert_refused(&o, "the process that loads module disk was ended", EOWNERDEAD);
}

/* No memory for a copy: then as with one processor. */
static void test_without_workers(_unused_ void **state)
{
        struct outcome o;

        reset();
        fake_fail_name("os_load_module_beside");
        o = load_with(2);
        assert_int_equal(o.r, 0);
        assert_int_equal(fake_count("os_load_module_beside"), 1);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_int_equal(at("os_load_module", names[i]), i + 2);
}

static void test_a_file_that_is_missing(_unused_ void **state)
{
        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                char path[64];

                (void) snprintf(path, sizeof(path), "lib/modules/%s.ko", names[i]);
                assert_return_code(unlinkat(dir.fd, path, 0), 0);
                faults[0] = faults[1] = (struct fault) {};
                compare(NULL);
                assert_return_code(fsat_create(dir.fd, path, "ELF", 3, 0644), 0);
        }
}

/* No table says it (test_modtable.c). If one did, nobody would wait for ever. */
static void test_a_cycle_is_not_begun(_unused_ void **state)
{
        struct error err = {};
        const char *const wanted[] = { "verity", "erofs" };

        reset();
        fake_os.processors = 2;
        memset(&boot, 0, sizeof(boot));
        boot.root_fd = dir.fd;
        assert_int_equal(modtable_parse(TABLE, strlen(TABLE), &boot.modtable, &err), 0);
        boot.modtable.modules[0].n_deps = 1; /* dm needs verity, which needs dm */
        boot.modtable.modules[0].deps[0] = 4;
        modules_load_ahead(&boot, wanted, ARRAY_SIZE(wanted));
        assert_int_equal(at("os_load_module_beside", "dm"), 0);
        assert_int_equal(at("os_load_module_beside", "verity"), 0);
        assert_true(at("os_load_module_beside", "crc") > 0);
        assert_true(at("os_load_module_beside", "sha") > 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_one_processor_loads_them_itself),
                cmocka_unit_test(test_side_by_side),
                cmocka_unit_test(test_each_may_be_refused),
                cmocka_unit_test(test_any_two_may_be_refused),
                cmocka_unit_test(test_nothing_is_begun_after_a_refusal),
                cmocka_unit_test(test_an_optional_one_may_be_refused_ahead),
                cmocka_unit_test(test_answers_that_no_worker_can_give),
                cmocka_unit_test(test_a_worker_that_dies),
                cmocka_unit_test(test_a_worker_that_hangs),
                cmocka_unit_test(test_workers_that_cannot_be_waited_for),
                cmocka_unit_test(test_a_worker_whose_device_is_gone),
                cmocka_unit_test(test_without_workers),
                cmocka_unit_test(test_a_file_that_is_missing),
                cmocka_unit_test(test_a_cycle_is_not_begun),
        };

        return cmocka_run_group_tests(tests, set_up, tear_down);
}
