#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Quick Action's work: protect the files that Finder hands over, tell how it went, offer the report.
# bash 3.2 and BSD tools only. Options stand in ~/.config/vernis/quick-action, one on each line.
set -u
options=(--resume -r)
settings=${XDG_CONFIG_HOME:-$HOME/.config}/vernis/quick-action
if [ -f "$settings" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        case $line in '' | '#'*) ;; *) options[${#options[@]}]=$line ;; esac
    done <"$settings"
fi
program=$(command -v vernis || :)
for place in /opt/homebrew/bin/vernis /usr/local/bin/vernis "$HOME/.local/bin/vernis"; do
    [ -n "$program" ] || [ ! -x "$place" ] || program=$place
done

# Text reaches AppleScript as an argument, never as part of the script.
tell() {
    osascript -e 'on run argv' -e 'display notification (item 1 of argv) with title "Vernis"' -e 'end run' -- "$1" >/dev/null
}
offer() {
    osascript -e 'on run argv' \
        -e 'button returned of (display dialog (item 1 of argv) with title "Vernis" buttons {"Close", "Open the report"} default button 2)' \
        -e 'end run' -- "$1"
}

if [ -z "$program" ]; then
    tell 'The program vernis is not installed.'
    exit 1
fi
[ $# != 0 ] || exit 0
work=$(mktemp -d "${TMPDIR:-/tmp}/vernis.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
reports=${XDG_DATA_HOME:-$HOME/.local/share}/vernis/reports
(umask 077 && mkdir -p "$reports") && find "$reports" -name 'report-*.html' -mtime +7 -delete
report=$reports/report-$(date +%Y%m%d-%H%M%S)-$$.html
printf '%s\0' "$@" >"$work/list"
tell 'The pictures are being protected.'
"$program" protect --files-from "$work/list" --json --progress none --report "$report" "${options[@]}" \
    >"$work/results" 2>"$work/notes"
status=$?
ok=$(grep -c '"status":"ok"' "$work/results")
skipped=$(grep -c '"status":"skipped"' "$work/results")
failed=$(grep -c '"status":"failed"' "$work/results")
text="$ok protected, $skipped passed over, $failed could not be protected."
if [ -s "$work/notes" ]; then
    text="$text

$(head -n 12 "$work/notes")"
fi
if [ "$ok" != 0 ] && [ -s "$report" ]; then
    if [ "$(offer "$text")" = 'Open the report' ]; then open "$report"; fi
else
    rm -f "$report"
    tell "$text"
fi
exit $status
