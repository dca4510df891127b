/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The ledger of a folder of outputs, vernis-ledger.jsonl: a line when a file is begun and a line when it is finished,
 * so that --resume knows what need not be done again, and which existing outputs are its own to replace. Append-only; a
 * line that was torn by a crash matches nothing and does no harm.
 */
#ifndef VERNIS_CLI_LEDGER_H
#define VERNIS_CLI_LEDGER_H

#include <stdbool.h>

#include <vernis/vernis.h>

typedef struct Ledger Ledger;

/** The ledger of `folder`, opened on first use and shared after. Nothing is written yet. */
typedef struct Ledgers {
    Ledger **items;
    size_t count;
    char digest[17]; /**< of every setting that bears on the result, and of surrogate files' sizes and times */
} Ledgers;

void ledgers_open(Ledgers *out, const VernisSettings *settings);
Ledger *ledgers_find(Ledgers *ledgers, const char *folder);
/** Closes all. A ledger that this run made and that records no finished file is removed. */
void ledgers_close(Ledgers *ledgers);

/** A finished file as its line: input path, size and time, settings, version and output. Taken from the disk now. Heap.
 * @param output path below or beside the ledger's folder */
char *ledger_line(const Ledgers *ledgers, const Ledger *ledger, const char *input, const char *output);

bool ledger_has_line(const Ledger *ledger, const char *line); /**< as read when it was opened */
bool ledger_has_begun(const Ledger *ledger, const char *output);
/** Append. A failure is noted on stderr once for each ledger and is not an error of the file. */
void ledger_begin(Ledger *ledger, const char *output);
void ledger_finish(Ledger *ledger, const char *line);

#endif
