/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The only place where a measured_volume is made: after the root hash of the live mapping stands in the TPM, or where
 * the plan has said that there is none.
 */
#include <errno.h>

#include "verinit/measure.h"

struct measured_volume {
        const struct active_volume *active;
};

static struct measured_volume the_volume; /* one a boot */

int measure_volume(struct measure *m, const struct active_volume *volume, const struct measured_volume **ret,
                   char ret_word[static MEASURE_WORD_MAX + 1], struct error *err)
{
        const struct digest *hash = active_volume_root_hash(volume);
        char word[MEASURE_WORD_MAX + 1];
        int r;

        if (digest_size(hash->alg) == 0)
                return error_set(err, FAIL_BUG_CODE, EINVAL, "volume %s: no root hash to measure",
                                 active_volume_name(volume));
        measure_word_volume(hash, word);
        r = measure_extend(m, MEASURE_PCR_WORDS, word, err);
        if (r < 0)
                return error_prefix(err, "volume %s", active_volume_name(volume));
        the_volume.active = volume;
        *ret = &the_volume;
        memcpy(ret_word, word, sizeof(word));
        return 0;
}

const struct measured_volume *measure_volume_skipped(const struct active_volume *volume)
{
        the_volume.active = volume;
        return &the_volume;
}

const struct active_volume *measured_volume_active(const struct measured_volume *volume)
{
        return volume->active;
}
