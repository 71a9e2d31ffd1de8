/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: json-c.
 */
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>

#include "json_value.h"

enum { DEPTH_MAX = 16 };

static struct json_object *check(struct json_object *value)
{
        if (value)
                return value;
        (void) fputs("verinit: out of memory\n", stderr);
        exit(tool_exit_status(OUTCOME_TROUBLE));
}

struct json_object *json_value_object(void)
{
        return check(json_object_new_object());
}

struct json_object *json_value_array(void)
{
        return check(json_object_new_array());
}

struct json_object *json_value_text(const char *text)
{
        return text ? check(json_object_new_string(text)) : NULL;
}

struct json_object *json_value_u64(uint64_t value)
{
        return check(json_object_new_uint64(value));
}

struct json_object *json_value_bool(bool value)
{
        return check(json_object_new_boolean(value));
}

struct json_object *json_value_digest(const struct digest *d)
{
        char hex[DIGEST_MAX_HEX];

        if (d->alg == DIGEST_NONE)
                return NULL;
        digest_hex(d, hex);
        return json_value_text(hex);
}

struct json_object *json_value_ref(struct json_object *value)
{
        return json_object_get(value);
}

void json_value_done(struct json_object **value)
{
        (void) json_object_put(*value);
        *value = NULL;
}

void json_value_add(struct json_object *object, const char *key, struct json_object *value)
{
        if (json_object_object_add(object, key, value) < 0)
                (void) check(NULL);
}

void json_value_add_text(struct json_object *object, const char *key, const char *text)
{
        json_value_add(object, key, json_value_text(text));
}

void json_value_append(struct json_object *array, struct json_object *value)
{
        if (json_object_array_add(array, value) < 0)
                (void) check(NULL);
}

struct json_object *json_value_parse(const char *text, size_t size)
{
        struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
        struct json_object *value = NULL;

        if (!tokener)
                (void) check(NULL);
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        if (size <= INT_MAX)
                value = json_tokener_parse_ex(tokener, text, (int) size);
        if (json_tokener_get_error(tokener) != json_tokener_success)
                json_value_done(&value);
        json_tokener_free(tokener);
        return value;
}

struct json_object *json_value_get(struct json_object *object, const char *key)
{
        struct json_object *value = NULL;

        if (!json_value_is_object(object))
                return NULL;
        return json_object_object_get_ex(object, key, &value) ? value : NULL;
}

bool json_value_has(struct json_object *object, const char *key)
{
        return json_value_is_object(object) && json_object_object_get_ex(object, key, NULL);
}

bool json_value_is_object(struct json_object *value)
{
        return json_object_is_type(value, json_type_object) != 0;
}

bool json_value_is_array(struct json_object *value)
{
        return json_object_is_type(value, json_type_array) != 0;
}

size_t json_value_count(struct json_object *array)
{
        return json_value_is_array(array) ? json_object_array_length(array) : 0;
}

struct json_object *json_value_at(struct json_object *array, size_t i)
{
        return json_object_array_get_idx(array, i);
}

const char *json_value_as_text(struct json_object *value)
{
        const char *text;

        if (!json_object_is_type(value, json_type_string))
                return NULL;
        text = json_object_get_string(value);
        return text && strlen(text) == (size_t) json_object_get_string_len(value) ? text : NULL;
}

bool json_value_as_u64(struct json_object *value, uint64_t *ret)
{
        if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0)
                return false;
        *ret = json_object_get_uint64(value);
        return true;
}

bool json_value_as_bool(struct json_object *value, bool *ret)
{
        if (!json_object_is_type(value, json_type_boolean))
                return false;
        *ret = json_object_get_boolean(value) != 0;
        return true;
}

int json_value_each(struct json_object *object, json_value_visit *visit, void *userdata)
{
        if (!json_value_is_object(object))
                return 0;
        json_object_object_foreach(object, key, value) {
                int r = visit(key, value, userdata);

                if (r < 0)
                        return r;
        }
        return 0;
}

const char *json_value_format(struct json_object *value, bool is_pretty)
{
        int flags = JSON_C_TO_STRING_NOSLASHESCAPE | (is_pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);
        const char *text = json_object_to_json_string_ext(value, flags);

        if (!text)
                (void) check(NULL);
        return text;
}

int json_value_build(struct json_object *value, bool is_pretty, struct buffer *ret, struct trouble *t)
{
        const char *text = json_value_format(value, is_pretty);
        struct buffer b = {};

        if (buffer_append(&b, text, strlen(text)) < 0 || buffer_append(&b, "\n", 1) < 0) {
                buffer_done(&b);
                return trouble_set_errno(t, ENOMEM, "cannot write JSON");
        }
        *ret = b;
        return 0;
}

int json_value_print(struct json_object *value, bool is_pretty, struct trouble *t)
{
        if (printf("%s\n", json_value_format(value, is_pretty)) < 0)
                return trouble_set_errno(t, errno, "cannot write to standard output");
        return 0;
}

int json_how_parse(const char *verb, const char *value, enum json_how *ret, struct trouble *t)
{
        static const char *const names[] = { [JSON_OFF] = "off", [JSON_SHORT] = "short", [JSON_PRETTY] = "pretty" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (str_equal(value, names[i])) {
                        *ret = (enum json_how) i;
                        return 0;
                }
        return trouble_set(t, OUTCOME_USAGE, "%s: --json '%s': short, pretty or off is wanted", verb, value);
}
