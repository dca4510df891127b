/* SPDX-License-Identifier: Apache-2.0 */
#include "meta/optout.h"

/* The agents named in facts/artists-and-platforms.md 5a from the list of ai-robots-txt on 22 August 2026: those that gather
 * for training and the builders of image sets. The drafts of IETF AIPREF are vocab-07 and attach-05 of 19 August 2026. */
const VnOptoutFile vn_optout_files[VN_OPTOUT_FILES] = {
    {"", "robots.txt", "asks AI crawlers and dataset builders to stay away", "# ", "",
     "# Asks AI crawlers and the builders of image sets to stay away; search engines are not affected. The names are those\n"
     "# that the list of ai-robots-txt had on 22 August 2026; new ones come, so look again from time to time.\n"
     "User-agent: GPTBot\n"
     "User-agent: ClaudeBot\n"
     "User-agent: CCBot\n"
     "User-agent: Google-Extended\n"
     "User-agent: Applebot-Extended\n"
     "User-agent: Bytespider\n"
     "User-agent: meta-externalagent\n"
     "User-agent: Amazonbot\n"
     "User-agent: PerplexityBot\n"
     "User-agent: img2dataset\n"
     "User-agent: LAIONDownloader\n"
     "User-agent: laion-huggingface-processor\n"
     "User-agent: ImagesiftBot\n"
     "Disallow: /\n"
     "\n"
     "# To all others: no training, search is welcome. Content-Usage is an IETF draft (draft-ietf-aipref-attach-05, 19 August\n"
     "# 2026), Content-Signal is Cloudflare's (September 2025). Both state a wish and allow or forbid no path.\n"
     "User-agent: *\n"
     "Content-Usage: train-ai=n\n"
     "Content-Signal: search=yes, ai-train=no\n"},
    {"", "ai.txt", "tells dataset builders that read Spawning's ai.txt to take nothing", "# ", "",
     "# Spawning's ai.txt: read when a data set is downloaded. Nothing on this site may be used to train models.\n"
     "User-Agent: *\n"
     "Disallow: /\n"
     "Disallow: *\n"},
    {".well-known", "tdmrep.json", "reserves text and data mining for the whole site (W3C TDMRep)", NULL, NULL,
     "\"location\": \"/\", \"tdm-reservation\": 1"},
    {"vernis-optout", "head.html", "lines for the <head> of every page", "<!-- ", " -->",
     "<!-- noai and noimageai (DeviantArt, November 2022) are read by img2dataset and others as a header and by some as this\n"
     "     line; tdm-reservation is W3C TDMRep's: text and data mining is reserved. -->\n"
     "<meta name=\"robots\" content=\"noai, noimageai\">\n"
     "<meta name=\"tdm-reservation\" content=\"1\">\n"},
    {"vernis-optout", "nginx.conf", "headers for nginx: include it in the server block", "# ", "",
     "# In the server block of the site, and in each location that has an add_header of its own (these replace the outer\n"
     "# ones). X-Robots-Tag is what img2dataset obeys; tdm-reservation is W3C TDMRep's; Content-Usage is an IETF draft of 19\n"
     "# August 2026.\n"
     "add_header X-Robots-Tag \"noai, noimageai\" always;\n"
     "add_header tdm-reservation \"1\" always;\n"
     "add_header Content-Usage \"train-ai=n\" always;\n"},
    {"vernis-optout", "apache.conf", "headers for Apache: into the site's configuration or .htaccess", "# ", "",
     "# In the site's configuration or in .htaccess; mod_headers must be on. X-Robots-Tag is what img2dataset obeys;\n"
     "# tdm-reservation is W3C TDMRep's; Content-Usage is an IETF draft of 19 August 2026.\n"
     "<IfModule mod_headers.c>\n"
     "    Header always merge X-Robots-Tag \"noai, noimageai\"\n"
     "    Header always set tdm-reservation \"1\"\n"
     "    Header always set Content-Usage \"train-ai=n\"\n"
     "</IfModule>\n"},
    {"vernis-optout", "Caddyfile", "headers for Caddy: import it in the site's block", "# ", "",
     "# Import it in the site's block. X-Robots-Tag is what img2dataset obeys; tdm-reservation is W3C TDMRep's; Content-Usage\n"
     "# is an IETF draft of 19 August 2026.\n"
     "header {\n"
     "\t+X-Robots-Tag \"noai, noimageai\"\n"
     "\ttdm-reservation \"1\"\n"
     "\tContent-Usage \"train-ai=n\"\n"
     "}\n"},
    {"vernis-optout", "README.txt", "what all this is and what is left to do", "# ", "",
     "These files state, for machines, that the pictures of this site may not be used to train models.\n"
     "\n"
     "robots.txt, ai.txt and .well-known/tdmrep.json work as they are, once they lie at the root of the site\n"
     "(https://your.site/robots.txt). Two things are left for you:\n"
     "\n"
     "1. Headers, which the builders of image sets obey (img2dataset reads X-Robots-Tag): take nginx.conf, apache.conf or\n"
     "   Caddyfile, whichever server you have, and reload it. Check with: curl -I https://your.site/picture.jpg\n"
     "2. head.html: copy its lines into the <head> of your pages.\n"
     "\n"
     "All of it is a request in a form that the law of the European Union gives weight (Directive 2019/790, article 4(3)); none\n"
     "of it stops an agent that does not ask. This folder itself need not be on the web.\n"
     "\n"
     "vernis optout --remove takes everything out again and leaves your own lines as they were.\n"},
};
