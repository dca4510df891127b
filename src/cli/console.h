/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * The two streams: results on standard output, everything else on standard error, and the one passing line (the
 * progress bar) that has to be wiped before anything else is printed.
 */
#ifndef VERNIS_CLI_CONSOLE_H
#define VERNIS_CLI_CONSOLE_H

#include <stdbool.h>

/** Call first: holds the descriptors 0 to 2 (a picture must not be opened as number 1 and get our messages), and turns
 * a broken pipe into a write error. */
void console_open(void);

/** Print result text on stdout, with a final newline, at once. After a failure nothing more is printed.
 * @return false when stdout cannot take it; the reason has then been printed once */
bool console_result(const char *text);
bool console_result_f(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** The same with a final zero byte instead of the newline: a list of names that may hold anything. */
bool console_result_0(const char *text);

bool console_broken(void); /**< a write to stdout has failed */

/** One line on stderr, "vernis: " in front. */
void console_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** One line on stderr as it is. */
void console_line(const char *text);

/** Several lines on stderr as they are. */
void console_text(const char *text);

/** Replace the passing line on stderr ("" removes it). Only for a terminal. */
void console_passing(const char *text);

bool console_is_terminal(void); /**< stderr is a terminal that can take a passing line */
int console_width(void);        /**< columns of stderr's terminal, or of $COLUMNS, or 80; 40 to 200 */

#endif
