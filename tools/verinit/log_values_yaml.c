/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Adapter: libyaml.
 */
#include <errno.h>
#include <stdio.h>
#include <yaml.h>

#include "log_values.h"

enum { FILE_MAX_BYTES = 1 << 20 };

/* The scalar's text: libyaml ends it with a NUL; one with a NUL inside is none. */
static const char *as_text(const yaml_node_t *node)
{
        const char *text;

        if (!node || node->type != YAML_SCALAR_NODE)
                return NULL;
        text = (const char *) node->data.scalar.value;
        return strlen(text) == node->data.scalar.length ? text : NULL;
}

static bool is_map(const yaml_node_t *node)
{
        return node && node->type == YAML_MAPPING_NODE;
}

#define FOREACH_PAIR(pair, node) \
        for (yaml_node_pair_t *pair = (node)->data.mapping.pairs.start; pair < (node)->data.mapping.pairs.top; pair++)

/* tpm2_pcrread prints a bank that the TPM does not have as one without values. */
static int add_bank(struct log_values *v, yaml_document_t *doc, const char *bank, const yaml_node_t *pcrs, struct trouble *t)
{
        if (pcrs && pcrs->type == YAML_SCALAR_NODE && pcrs->data.scalar.length == 0)
                return 0;
        if (!is_map(pcrs))
                return trouble_set(t, OUTCOME_TROUBLE, "bank '%s' is no map of PCRs", bank);
        FOREACH_PAIR (pair, pcrs) {
                const char *pcr = as_text(yaml_document_get_node(doc, pair->key));
                const char *hex = as_text(yaml_document_get_node(doc, pair->value));

                if (!pcr || !hex)
                        return trouble_set(t, OUTCOME_TROUBLE, "bank '%s' has a PCR without a value", bank);
                if (log_values_add(v, pcr, bank, hex, /* is_named= */ false, t) < 0)
                        return -1;
        }
        return 0;
}

static int add_document(struct log_values *v, yaml_document_t *doc, struct trouble *t)
{
        const yaml_node_t *banks = yaml_document_get_root_node(doc);

        if (!is_map(banks))
                return trouble_set(t, OUTCOME_TROUBLE, "no map of banks");
        FOREACH_PAIR (pair, banks) {
                const char *key = as_text(yaml_document_get_node(doc, pair->key));
                const yaml_node_t *value = yaml_document_get_node(doc, pair->value);

                if (key && str_equal(key, "pcrs") && is_map(value)) {
                        banks = value;
                        break;
                }
        }
        FOREACH_PAIR (pair, banks) {
                const char *bank = as_text(yaml_document_get_node(doc, pair->key));

                if (!bank)
                        return trouble_set(t, OUTCOME_TROUBLE, "a bank without a name");
                if (add_bank(v, doc, bank, yaml_document_get_node(doc, pair->value), t) < 0)
                        return -1;
        }
        return 0;
}

static int load(const struct buffer *b, struct log_values *v, struct trouble *t)
{
        yaml_parser_t parser;
        yaml_document_t doc;
        int r;

        if (!yaml_parser_initialize(&parser))
                return trouble_set(t, OUTCOME_TROUBLE, "no memory for YAML");
        yaml_parser_set_input_string(&parser, b->data ? b->data : (const uint8_t *) "", b->size);
        if (!yaml_parser_load(&parser, &doc)) {
                r = trouble_set(t, OUTCOME_TROUBLE, "line %zu: not YAML: %s", parser.problem_mark.line + 1,
                                parser.problem ? parser.problem : "out of memory");
                yaml_parser_delete(&parser);
                return r;
        }
        r = add_document(v, &doc, t);
        yaml_document_delete(&doc);
        yaml_parser_delete(&parser);
        return r;
}

int log_values_add_file(struct log_values *v, const char *path, struct trouble *t)
{
        _cleanup_buffer_ struct buffer b = {};
        size_t before = v->n;

        if (tool_read_file(path, FILE_MAX_BYTES, &b, t) < 0)
                return -1;
        if (load(&b, v, t) < 0) {
                t->outcome = OUTCOME_TROUBLE;
                (void) tool_printable(t->msg);
                return trouble_prefix(t, "%s", path);
        }
        if (v->n == before && !v->unknown_bank[0])
                return trouble_set(t, OUTCOME_TROUBLE, "%s has no PCR values", path);
        return 0;
}
