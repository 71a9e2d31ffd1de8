/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON by json-c, which libcryptsetup links already.
 */
#include "verinit/json.h"

#include <errno.h>
#include <limits.h>

#include <json-c/json.h>

static void tokener_freep(struct json_tokener **tokener)
{
        if (*tokener)
                json_tokener_free(*tokener);
        *tokener = NULL;
}

static void object_putp(struct json_object **object)
{
        json_object_put(*object);
        *object = NULL;
}

static int parse(const char *text, size_t size, enum fail_code code, struct json_object **ret, struct error *err)
{
        _cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
        struct json_object *object;
        enum json_tokener_error e;

        if (size > INT_MAX)
                return error_set(err, code, EFBIG, "%zu bytes are too many for JSON", size);
        if (!tokener)
                return error_set(err, FAIL_CRYPTO_FAILED_CODE, ENOMEM, "no memory to parse JSON");
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        object = json_tokener_parse_ex(tokener, text, (int) size);
        e = json_tokener_get_error(tokener);
        if (e != json_tokener_success) {
                json_object_put(object);
                return error_set(err, code, EBADMSG, "not JSON: byte %zu: %s", json_tokener_get_parse_end(tokener),
                                 e == json_tokener_continue ? "the text ends inside a value" : json_tokener_error_desc(e));
        }
        if (!json_object_is_type(object, json_type_object)) {
                json_object_put(object);
                return error_set(err, code, EBADMSG, "JSON, but no object");
        }
        *ret = object;
        return 0;
}

static int take(struct json_object *object, const struct json_member *member, enum fail_code code, struct error *err)
{
        struct json_object *value = NULL;
        const char *text;
        size_t n;

        member->ret_text[0] = '\0';
        if (!json_object_object_get_ex(object, member->name, &value))
                return member->is_optional ? 0 : error_set(err, code, EBADMSG, "no member '%s'", member->name);
        if (!json_object_is_type(value, json_type_string))
                return error_set(err, code, EBADMSG, "'%s' is no string", member->name);
        text = json_object_get_string(value);
        n = (size_t) json_object_get_string_len(value);
        if (!text || strlen(text) != n)
                return error_set(err, code, EBADMSG, "'%s' holds a NUL", member->name);
        if (!str_copy(member->ret_text, member->size, text))
                return error_set(err, code, EFBIG, "'%s' has %zu bytes; at most %zu are taken", member->name, n,
                                 member->size - 1);
        return 0;
}

int json_read_strings(const char *text, size_t size, const struct json_member *members, size_t n_members,
                      enum fail_code code, struct error *err)
{
        _cleanup_(object_putp) struct json_object *object = NULL;
        int r;

        r = parse(text, size, code, &object, err);
        for (size_t i = 0; r == 0 && i < n_members; i++)
                r = take(object, &members[i], code, err);
        return r;
}
