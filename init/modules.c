/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "verinit/floor_check.h"
#include "verinit/fsat.h"
#include "verinit/log.h"
#include "verinit/modules.h"

#include "modules_load.h"

#define TABLE_PATH "etc/verinit/modules"
#define MODULE_DIR "lib/modules/"

/* Enough for a bus with thousands of devices behind three generations of drivers. */
enum { COLDPLUG_MAX_ROUNDS = 8 };

static char table_text[MODTABLE_MAX_BYTES];

int modules_read_table(struct boot *boot, struct error *err)
{
        ssize_t n;
        int r;

        n = fsat_read(boot->root_fd, TABLE_PATH, table_text, sizeof(table_text));
        if (n < 0)
                return error_set(err, FAIL_MODULE_TABLE_MALFORMED_CODE, (int) -n, "cannot read /" TABLE_PATH);
        r = floor_check_file(TABLE_PATH, "modules", &boot->config.floor.modules, table_text, (size_t) n, err);
        if (r < 0)
                return r;
        r = modtable_parse(table_text, (size_t) n, &boot->modtable, err);
        if (r < 0)
                return r;
        /* A kernel takes only modules of its own version; say so by name instead of "invalid module format". */
        if (!str_equal(boot->modtable.release, boot->evidence.kernel))
                return error_set(err, FAIL_MODULE_TABLE_MALFORMED_CODE, EINVAL,
                                 "the modules in the initramfs are for kernel %s, this is %s",
                                 boot->modtable.release, boot->evidence.kernel);
        return 0;
}

/* Last, since the kernel takes the last one. From the command line it would not reach a module that we load. */
static bool add_own_params(const struct boot *boot, const char *module, char *text, size_t size)
{
        size_t n = strlen(text);

        if (!str_equal(module, "dm_verity") || boot->config.floor.root_hash_signature == NEED_ALLOW)
                return true;
        return str_copy(text + n, size - n, n > 0 ? " require_signatures=1" : "require_signatures=1");
}

static int collect_params(const struct boot *boot, const char *module, char *ret_text, size_t size, struct error *err)
{
        const char *text = boot->config.cmdline_text;
        static struct cmdline cmdline;
        size_t offset = 0;

        /* Once more: stage config has parsed it, and kept only what is ours. */
        if (cmdline_parse(text, strlen(text), CMDLINE_KERNEL_LIMIT, &cmdline, &offset) != CMDLINE_OK)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "the command line cannot be parsed a second time");
        if (!cmdline_module_params(&cmdline, module, ret_text, size) || !add_own_params(boot, module, ret_text, size))
                return error_set(err, FAIL_CMDLINE_BAD_VALUE_CODE, E2BIG,
                                 "the parameters for module %s are longer than %zu bytes", module, size - 1);
        return 0;
}

/*
 * What a driver answers that does not get on with its device. The boot may not need it: if it does, stage find says what is
 * missing. Whatever else the kernel answers is a fault of the module, and so of the initramfs.
 */
static bool is_fault_of_device(int r)
{
        static const int faults[] = { ENODEV, ENXIO, EIO, EBUSY, ETIMEDOUT, EOPNOTSUPP };

        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
                if (r == -faults[i])
                        return true;
        return false;
}

/* Why a module is loaded: a feature that the boot cannot do without, or a device that happens to be there. */
enum purpose { FOR_FEATURE, FOR_DEVICE };

int module_file_open(const struct boot *boot, uint16_t index, struct module_file *ret, struct error *err)
{
        const struct modtable_module *m = &boot->modtable.modules[index];
        int r;

        r = collect_params(boot, m->name, ret->params, sizeof(ret->params), err);
        if (r < 0)
                return r;
        r = snprintf(ret->path, sizeof(ret->path), MODULE_DIR "%s", m->file);
        if (r < 0 || (size_t) r >= sizeof(ret->path))
                return error_set(err, FAIL_MODULE_TABLE_MALFORMED_CODE, ENAMETOOLONG, "module %s: file name", m->name);
        ret->fd = openat(boot->root_fd, ret->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (ret->fd < 0)
                return error_set(err, FAIL_MODULE_MISSING_CODE, errno, "cannot open /%s", ret->path);
        return 0;
}

void module_file_done(struct module_file *file)
{
        file->fd = fd_close(file->fd);
}

bool module_is_for_other_machine(const struct modtable_module *m, int r)
{
        return m->is_optional && (r == -ENODEV || r == -EOPNOTSUPP);
}

/* Of a module that was loaded ahead, whatever is no answer of the kernel's. */
static int refuse_unanswered(const struct modtable_module *m, const struct module_answer *a, struct error *err)
{
        if (a->wait_errno == ETIME)
                return error_set(err, FAIL_MODULE_LOAD_FAILED_CODE, ETIME, "module %s is still not loaded", m->name);
        if (a->wait_errno != 0)
                return error_set(err, FAIL_MODULE_LOAD_FAILED_CODE, a->wait_errno, "cannot wait for the process that loads module %s: %s",
                                 m->name, errno_name(a->wait_errno));
        return error_set(err, FAIL_MODULE_LOAD_FAILED_CODE, EOWNERDEAD, "the process that loads module %s was ended", m->name);
}

int modules_check_ahead(const struct boot *boot, struct error *err)
{
        for (size_t i = 0; i < boot->modtable.n_modules; i++)
                if (boot->module_answers[i].is_known && boot->module_answers[i].r > 0)
                        return refuse_unanswered(&boot->modtable.modules[i], &boot->module_answers[i], err);
        return 0;
}

/* What a module costs that was loaded ahead, its process ran. */
static void log_loaded(const struct modtable_module *m, const char *params, const struct module_answer *ahead, uint64_t us,
                       uint64_t ran_before_us)
{
        const char *gap = params[0] ? " " : "";

        if (ahead->is_known)
                log_debug("module %s%s%s: loaded in %" PRIu64 " us, ahead", m->name, gap, params, ahead->us);
        else
                log_debug("module %s%s%s: loaded in %" PRIu64 " us, ran %" PRIu64 " us", m->name, gap, params, us, os_ran_us() - ran_before_us);
}

static int load_one(struct boot *boot, uint16_t index, enum purpose purpose, struct error *err)
{
        const struct modtable_module *m = &boot->modtable.modules[index];
        const struct module_answer *ahead = &boot->module_answers[index];
        _cleanup_module_file_ struct module_file file = { .fd = -1 };
        uint64_t start = os_boottime_us(), ran = log_debug_enabled() ? os_ran_us() : 0;
        int r;

        r = module_file_open(boot, index, &file, err);
        if (r < 0)
                return r;
        r = ahead->is_known ? ahead->r : os_load_module(file.fd, file.path, file.params);
        if (r > 0)
                return refuse_unanswered(m, ahead, err);
        if (module_is_for_other_machine(m, r)) {
                log_debug("module %s: not for this machine", m->name);
                return 0;
        }
        if (purpose == FOR_DEVICE && is_fault_of_device(r)) {
                log_warning("module %s: %s: what it drives will be missing", m->name, errno_name(-r));
                return 0;
        }
        if (r < 0)
                return error_set(err, FAIL_MODULE_LOAD_FAILED_CODE, -r, "the kernel refused module %s", m->name);
        boot->evidence.n_modules++;
        log_loaded(m, file.params, ahead, os_boottime_us() - start, ran);
        return 0;
}

/* Dependencies stand before their user in the table, so the depth is bounded by its length. */
static int load_with_deps(struct boot *boot, uint16_t index, enum purpose purpose, unsigned *loaded,
                          struct error *err)
{
        const struct modtable_module *m = &boot->modtable.modules[index];
        int r;

        if (boot->is_module_loaded[index])
                return 0;
        for (size_t i = 0; i < m->n_deps; i++) {
                r = load_with_deps(boot, m->deps[i], purpose, loaded, err);
                if (r < 0)
                        return r;
        }
        r = load_one(boot, index, purpose, err);
        if (r < 0)
                return r;
        boot->is_module_loaded[index] = true;
        (*loaded)++;
        return 0;
}

bool modules_has_feature(const struct boot *boot, const char *feature)
{
        return modtable_feature(&boot->modtable, feature) != NULL;
}

int modules_load_feature(struct boot *boot, const char *feature, struct error *err)
{
        const struct modtable_feature *f = modtable_feature(&boot->modtable, feature);
        unsigned loaded = 0;

        if (!f)
                return error_set(err, FAIL_MODULE_MISSING_CODE, ENOENT,
                                 "the initramfs was built without the feature %s", feature);
        for (size_t i = 0; i < f->n_modules; i++) {
                int r = load_with_deps(boot, f->modules[i], FOR_FEATURE, &loaded, err);

                if (r < 0)
                        return error_prefix(err, "feature %s", feature);
        }
        return 0;
}

struct walk {
        const struct boot *boot;
        const char *bus, *device;
        int (*f)(uint16_t index, const char *device, void *userdata);
        void *userdata;
        int r; /* of f; not of a directory that vanished meanwhile */
};

static int walk_match(uint16_t index, void *userdata)
{
        struct walk *w = userdata;

        w->r = w->f(index, w->device, w->userdata);
        return w->r;
}

static int walk_device(const char *name, void *userdata)
{
        struct walk *w = userdata;
        char path[512], modalias[512];
        int r;

        r = snprintf(path, sizeof(path), "sys/bus/%s/devices/%s/modalias", w->bus, name);
        if (r < 0 || (size_t) r >= sizeof(path))
                return 0;
        if (fsat_read_line(w->boot->root_fd, path, modalias, sizeof(modalias)) <= 0)
                return 0;
        w->device = name;
        return modtable_match(&w->boot->modtable, modalias, walk_match, w);
}

static int walk_bus(const char *name, void *userdata)
{
        struct walk *w = userdata;
        char path[512];
        int r;

        r = snprintf(path, sizeof(path), "sys/bus/%s/devices", name);
        if (r < 0 || (size_t) r >= sizeof(path))
                return 0;
        w->bus = name;
        (void) fsat_each(w->boot->root_fd, path, walk_device, w);
        return w->r;
}

int modules_each_driver(const struct boot *boot, int (*f)(uint16_t index, const char *device, void *userdata), void *userdata)
{
        struct walk w = { .boot = boot, .f = f, .userdata = userdata };

        if (boot->modtable.n_aliases > 0)
                (void) fsat_each(boot->root_fd, "sys/bus", walk_bus, &w);
        return w.r;
}

struct coldplug {
        struct boot *boot;
        unsigned loaded;
        struct error *err;
};

static int load_driver(uint16_t index, const char *device, void *userdata)
{
        struct coldplug *c = userdata;
        int r = load_with_deps(c->boot, index, FOR_DEVICE, &c->loaded, c->err);

        return r < 0 ? error_prefix(c->err, "device %s", device) : 0;
}

int modules_coldplug(struct boot *boot, unsigned *ret_loaded, struct error *err)
{
        unsigned total = 0;

        for (unsigned round = 0; round < COLDPLUG_MAX_ROUNDS; round++) {
                struct coldplug c = { .boot = boot, .err = err };
                int r = modules_each_driver(boot, load_driver, &c);

                if (r < 0)
                        return r;
                total += c.loaded;
                if (c.loaded == 0)
                        break;
        }
        *ret_loaded = total;
        return 0;
}
