/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>

#include "verinit/crypto.h"
#include "verinit/floor_note.h"

#include "initrd_sbom.h"

#define PROGRAM "verinit-init"

/* As it was linked: `initrd build` writes into the note. */
static int hash_program(const struct buffer *init, char ret_hex[static DIGEST_MAX_HEX], struct trouble *t)
{
        static const uint8_t empty_note[FLOOR_NOTE_BYTES];
        struct digest d = {};
        struct error err = {};
        size_t at = 0;

        if (floor_note_find(init->data, init->size, &at) < 0)
                return trouble_set(t, OUTCOME_FALSE, "/init has no note for the floor's digest, so no SBOM can be of it");
        const struct iovec parts[] = {
                { init->data, at },
                { (void *) (uintptr_t) empty_note, FLOOR_NOTE_BYTES },
                { init->data + at + FLOOR_NOTE_BYTES, init->size - at - FLOOR_NOTE_BYTES },
        };
        if (crypto_digest(DIGEST_SHA256, parts, ARRAY_SIZE(parts), &d, &err) < 0)
                return trouble_set(t, OUTCOME_TROUBLE, "cannot hash: %s", err.msg);
        digest_hex(&d, ret_hex);
        return 0;
}

static const char *text_of(struct json_object *o, const char *key)
{
        const char *text = json_value_as_text(json_value_get(o, key));

        return text ? text : "";
}

static bool has_checksum(struct json_object *package, const char *hex)
{
        struct json_object *sums = json_value_get(package, "checksums");

        for (size_t i = 0; i < json_value_count(sums); i++)
                if (str_equal(text_of(json_value_at(sums, i), "algorithm"), "SHA256") &&
                    str_equal(text_of(json_value_at(sums, i), "checksumValue"), hex))
                        return true;
        return false;
}

static const char *purl_of(struct json_object *package)
{
        struct json_object *refs = json_value_get(package, "externalRefs");

        for (size_t i = 0; i < json_value_count(refs); i++)
                if (str_equal(text_of(json_value_at(refs, i), "referenceType"), "purl"))
                        return text_of(json_value_at(refs, i), "referenceLocator");
        return NULL;
}

static struct json_object *list_packages(struct json_object *packages, const char *program_hex, bool *ret_is_of_program)
{
        struct json_object *list = json_value_array();

        *ret_is_of_program = false;
        for (size_t i = 0; i < json_value_count(packages); i++) {
                struct json_object *package = json_value_at(packages, i), *o = json_value_object();

                if (str_equal(text_of(package, "name"), PROGRAM) && has_checksum(package, program_hex))
                        *ret_is_of_program = true;
                json_value_add_text(o, "name", text_of(package, "name"));
                json_value_add_text(o, "version", text_of(package, "versionInfo"));
                json_value_add_text(o, "purl", purl_of(package));
                json_value_append(list, o);
        }
        return list;
}

int sbom_read(const struct buffer *text, const struct buffer *init, struct json_object **ret_packages, struct trouble *t)
{
        _cleanup_json_ struct json_object *document = NULL, *list = NULL;
        char hex[DIGEST_MAX_HEX];
        bool is_of_program;

        document = text->size > 0 ? json_value_parse((const char *) text->data, text->size) : NULL;
        if (!document || !str_equal(text_of(document, "spdxVersion"), "SPDX-2.3"))
                return trouble_set(t, OUTCOME_FALSE, "the SBOM is no SPDX 2.3 document in JSON");
        if (hash_program(init, hex, t) < 0)
                return -1;
        list = list_packages(json_value_get(document, "packages"), hex, &is_of_program);
        if (!is_of_program)
                return trouble_set(t, OUTCOME_FALSE, "the SBOM is of another program: it has no package " PROGRAM
                                   " with the SHA-256 %s", hex);
        *ret_packages = list;
        list = NULL;
        return 0;
}

int sbom_pack(const struct build_options *o, struct tree *tree, struct trouble *t)
{
        _cleanup_free_ char *beside = tool_format("%s.spdx.json", o->init);
        const char *path = o->sbom ? o->sbom : beside;
        _cleanup_json_ struct json_object *packages = NULL;
        _cleanup_buffer_ struct buffer text = {};

        if (str_equal(path, "none") || (!o->sbom && access(path, F_OK) < 0 && errno == ENOENT))
                return 0;
        if (tool_read_file(path, SBOM_MAX_BYTES, &text, t) < 0)
                return -1;
        if (sbom_read(&text, &tree_find(tree, "init")->content, &packages, t) < 0)
                return trouble_prefix(t, "%s, for --init %s", path, o->init);
        return tree_add_file(tree, SBOM_PATH, 0644, &text, t);
}
