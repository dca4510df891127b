/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Settings: one table of every option, from which the command line, its help and this interface are made.
 */
#ifndef VERNIS_SETTINGS_H
#define VERNIS_SETTINGS_H

#include <stddef.h>

#include <vernis/error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum VernisSettingType {
    VERNIS_FLAG,   /**< "yes" or "no" */
    VERNIS_INT,    /**< decimal integer within [low, high] */
    VERNIS_REAL,   /**< decimal number within [low, high] */
    VERNIS_SIZE,   /**< bytes, with an optional K, M or G (powers of 1024) */
    VERNIS_CHOICE, /**< one of the words in `choices` */
    VERNIS_TEXT,   /**< any UTF-8 text */
    VERNIS_LIST    /**< text; each set appends */
} VernisSettingType;

/** One row of the table. Static storage. */
typedef struct VernisSettingInfo {
    const char *name; /**< long option without dashes, "time-limit" */
    char letter;      /**< short option or 0 */
    VernisSettingType type;
    double low, high;       /**< range of INT, REAL and SIZE */
    const char *choices;    /**< words separated by '|', for CHOICE */
    const char *initial;    /**< default as text; NULL: unset */
    const char *commands;   /**< commands that take it, separated by blanks */
    const char *value_name; /**< "SECONDS"; NULL for flags */
    const char *help;       /**< one sentence */
} VernisSettingInfo;

/** @param count receives the number of rows. @return the table. */
VERNIS_API const VernisSettingInfo *vernis_settings_table(size_t *count);

/** A set of values. Not thread-safe while being set; const use is. */
typedef struct VernisSettings VernisSettings;

VERNIS_API VernisStatus vernis_settings_open(VernisSettings **out, VernisError *err);
VERNIS_API void vernis_settings_close(VernisSettings **settings); /**< sets NULL and takes NULL */

/** Set by name. @return VERNIS_E_ARGUMENT with the name, the value and what is allowed */
VERNIS_API VernisStatus vernis_settings_set(VernisSettings *settings, const char *name, const char *value,
                                            VernisError *err);

/** @return the value as text (the default where unset), or NULL where there is neither. Valid until the next set. */
VERNIS_API const char *vernis_settings_text(const VernisSettings *settings, const char *name);
VERNIS_API double vernis_settings_number(const VernisSettings *settings,
                                         const char *name); /**< flags: 0 or 1; unset: 0 */
VERNIS_API int vernis_settings_is_set(const VernisSettings *settings,
                                      const char *name); /**< by the caller, not by default */
VERNIS_API size_t vernis_settings_count(const VernisSettings *settings, const char *name); /**< items of a LIST */
VERNIS_API const char *vernis_settings_item(const VernisSettings *settings, const char *name, size_t index);

/** Where the artist's profile is kept: `profile` in the configuration folder. @return heap text for vernis_free, or NULL
 * where there is no such folder */
VERNIS_API char *vernis_profile_path(void);

/** Take the values of a profile ("name = value" lines) for the settings that are not set yet.
 * @param path NULL: the usual place, where no file is no error
 * @return VERNIS_E_ARGUMENT with file, line and reason for a line that is wrong; then nothing is taken */
VERNIS_API VernisStatus vernis_profile_read(VernisSettings *settings, const char *path, VernisError *err);

/** Write a new profile to the usual place, with every name a profile may hold: what is not set here stands in a comment.
 * @return VERNIS_E_EXISTS when there is one */
VERNIS_API VernisStatus vernis_profile_write(const VernisSettings *settings, VernisError *err);

#ifdef __cplusplus
}
#endif
#endif
