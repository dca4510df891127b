/* SPDX-License-Identifier: Apache-2.0 */
/** @file
 * Vernis: protect artwork before posting it. This header is all of the public interface.
 *
 * Shortest use:
 * @code
 *   VernisError err = {0};
 *   VernisSettings *settings = NULL;
 *   VernisSession *session = NULL;
 *   VernisResult result = {0};
 *   if (!vernis_settings_open(&settings, &err) && !vernis_settings_set(settings, "strength", "standard", &err) &&
 *       !vernis_session_open(&session, settings, NULL, &err))
 *       vernis_protect_file(session, "picture.png", NULL, &result, &err);
 *   vernis_session_close(&session);
 *   vernis_settings_close(&settings);
 * @endcode
 */
#ifndef VERNIS_VERNIS_H
#define VERNIS_VERNIS_H

#include <vernis/error.h>
#include <vernis/ledger.h>
#include <vernis/session.h>
#include <vernis/settings.h>
#include <vernis/version.h>

#endif
