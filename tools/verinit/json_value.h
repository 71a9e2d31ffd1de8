/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON that is built to be printed, and JSON of others that is looked into. Adapter: json_value_jsonc.c (json-c), whose
 * struct a value is. A shortage of memory ends the program, as everywhere in this command.
 */
#pragma once

#include "verinit/digest.h"

#include "tool.h"

struct json_object;

/* To be owned by whoever called, until it is added to another value. */
struct json_object *json_value_object(void);
struct json_object *json_value_array(void);
struct json_object *json_value_text(const char *text); /* NULL: null */
struct json_object *json_value_u64(uint64_t value);
struct json_object *json_value_bool(bool value);
struct json_object *json_value_digest(const struct digest *d); /* hexadecimal; of none: null */
struct json_object *json_value_ref(struct json_object *value); /* one more owner */
void json_value_done(struct json_object **value);
#define _cleanup_json_ _cleanup_(json_value_done)

void json_value_add(struct json_object *object, const char *key, struct json_object *value);
void json_value_add_text(struct json_object *object, const char *key, const char *text);
void json_value_append(struct json_object *array, struct json_object *value);

/* One value in UTF-8 with nothing but white space around it (RFC 8259), at most 16 deep; NULL: it is not. */
struct json_object *json_value_parse(const char *text, size_t size);

/* What they answer belongs to the value that was asked. */
struct json_object *json_value_get(struct json_object *object, const char *key); /* NULL: no object, or nothing there */
size_t json_value_count(struct json_object *array);                              /* 0 for what is no array */
struct json_object *json_value_at(struct json_object *array, size_t i);
bool json_value_is_array(struct json_object *value);
bool json_value_is_object(struct json_object *value);
bool json_value_has(struct json_object *object, const char *key); /* be it null */
const char *json_value_as_text(struct json_object *value); /* NULL: no string, or one with a NUL in it */
bool json_value_as_u64(struct json_object *value, uint64_t *ret);
bool json_value_as_bool(struct json_object *value, bool *ret);

/* Each of an object, none of anything else, until one answers negatively; that, or 0. */
typedef int json_value_visit(const char *key, struct json_object *value, void *userdata);
int json_value_each(struct json_object *object, json_value_visit *visit, void *userdata);

const char *json_value_format(struct json_object *value, bool is_pretty);

/* And a newline, into *ret or to stdout. */
int json_value_build(struct json_object *value, bool is_pretty, struct buffer *ret, struct trouble *t);
int json_value_print(struct json_object *value, bool is_pretty, struct trouble *t);

/* --json= of every verb that has one. */
enum json_how { JSON_OFF = 0, JSON_SHORT, JSON_PRETTY };
int json_how_parse(const char *verb, const char *value, enum json_how *ret, struct trouble *t);
