/* SPDX-License-Identifier: Apache-2.0 */
/* The XMP packet, made new: ISO 16684-1:2019 sections 7 (RDF) and 7.4 (packet wrapper). A line a property, and no blanks: it
 * goes into every file. */
#include <string.h>

#include "meta/xmp_names.h"

/* The XMP toolkit's limit for the packet in a JPEG segment (facts/provenance.md 3.5). */
enum { XMP_MOST = 65000 };

/* Appends markup and escaped text; remembers the first failure and which namespaces were used. */
typedef struct Writer {
    VnBytes body;
    unsigned spaces; /* bits by VnXmpSpace */
    VernisStatus status;
    VnError *err;
} Writer;

static void put_bytes(Writer *writer, const char *bytes, size_t size) {
    if (writer->status == VERNIS_OK)
        writer->status = vn_bytes_append(&writer->body, bytes, size, writer->err);
}

static void put_markup(Writer *writer, const char *markup) { put_bytes(writer, markup, strlen(markup)); }

static void put_text(Writer *writer, const char *text, size_t size) {
    for (size_t start = 0, at = 0; at <= size; at++) {
        const char *escape = NULL;
        if (at < size) {
            switch (text[at]) {
            case '&':
                escape = "&amp;";
                break;
            case '<':
                escape = "&lt;";
                break;
            case '>':
                escape = "&gt;";
                break;
            default:
                continue;
            }
        }
        put_bytes(writer, text + start, at - start);
        if (escape)
            put_markup(writer, escape);
        start = at + 1;
    }
}

/* <prefix:name> or </prefix:name>, with what else belongs in a start tag. */
static void put_tag(Writer *writer, const char *open, VnXmpSpace space, const char *name, const char *close) {
    writer->spaces |= 1u << space;
    put_markup(writer, open);
    put_markup(writer, vn_xmp_spaces[space].prefix);
    put_markup(writer, ":");
    put_markup(writer, name);
    put_markup(writer, close);
}

static void put_creators(Writer *writer, const char *text) {
    put_markup(writer, "<rdf:Seq>");
    for (int count = vn_creator_count(text); count; count--) {
        size_t size = vn_creator_length(text, count);
        put_markup(writer, "<rdf:li>");
        put_text(writer, text, size);
        put_markup(writer, "</rdf:li>");
        text += count > 1 ? size + 2 : size;
    }
    put_markup(writer, "</rdf:Seq>");
}

/* The members of a structure that have a text. */
static void put_members(Writer *writer, VnRights *rights, int from, int to) {
    for (int i = from; i < to; i++) {
        const VnXmpProperty *row = &vn_xmp_properties[i];
        const char *text = *vn_xmp_field(rights, i);
        if (!text)
            continue;
        put_tag(writer, "<", row->space, row->inner, ">");
        put_text(writer, text, strlen(text));
        put_tag(writer, "</", row->space, row->inner, ">");
    }
}

/* The rows from `from` to before `to` make one property. @param text of the first member that has one */
static void put_property(Writer *writer, VnRights *rights, int from, int to, const char *text) {
    const VnXmpProperty *property = &vn_xmp_properties[from];
    bool structure = property->form == VN_XMP_STRUCT;
    put_tag(writer, "<", property->space, property->name, structure ? " rdf:parseType=\"Resource\">" : ">");
    switch (property->form) {
    case VN_XMP_SIMPLE:
        put_text(writer, text, strlen(text));
        break;
    case VN_XMP_SEQ:
        put_creators(writer, text);
        break;
    case VN_XMP_ALT:
        put_markup(writer, "<rdf:Alt><rdf:li xml:lang=\"x-default\">");
        put_text(writer, text, strlen(text));
        put_markup(writer, "</rdf:li></rdf:Alt>");
        break;
    case VN_XMP_STRUCT:
        put_members(writer, rights, from, to);
        break;
    case VN_XMP_STRUCT_SEQ:
        put_markup(writer, "<rdf:Seq><rdf:li rdf:parseType=\"Resource\">");
        put_members(writer, rights, from, to);
        put_markup(writer, "</rdf:li></rdf:Seq>");
        break;
    }
    put_tag(writer, "</", property->space, property->name, ">\n");
}

static void put_flag(Writer *writer, VnXmpSpace space, const char *name, const char *value) {
    put_tag(writer, "<", space, name, ">");
    put_markup(writer, value);
    put_tag(writer, "</", space, name, ">\n");
}

/* What follows from the fields: that rights are claimed, and that mining is reserved. */
static void put_derived(Writer *writer, const VnRights *rights) {
    if (rights->creator || rights->copyright)
        put_flag(writer, VN_XMP_RIGHTS, "Marked", "True");
    if (vn_data_mining_reserves(rights->data_mining))
        put_flag(writer, VN_XMP_TDM, "reservation", "1");
}

static void put_packet(Writer *packet, const Writer *properties) {
    put_markup(packet, "<?xpacket begin=\"\xef\xbb\xbf\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n"
                       "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n<rdf:RDF");
    for (unsigned i = 0; i < VN_XMP_SPACES; i++) {
        if (i != VN_XMP_RDF && !(properties->spaces & 1u << i))
            continue;
        put_markup(packet, i == VN_XMP_RDF ? " xmlns:" : "\nxmlns:");
        put_markup(packet, vn_xmp_spaces[i].prefix);
        put_markup(packet, "=\"");
        put_markup(packet, vn_xmp_spaces[i].uri);
        put_markup(packet, i == VN_XMP_RDF ? "\">\n<rdf:Description rdf:about=\"\"" : "\"");
    }
    put_markup(packet, ">\n");
    put_bytes(packet, (const char *)properties->body.data, properties->body.size);
    put_markup(packet, "</rdf:Description></rdf:RDF>\n</x:xmpmeta>\n<?xpacket end=\"r\"?>");
}

VernisStatus vn_xmp_make(VnBytes *out, const VnRights *rights, VnError *err) {
    VnRights clean;
    VN_TRY(vn_rights_clean(&clean, rights, err));
    Writer properties = {.err = err}, packet = {.err = err};
    for (int i = 0, next; i < VN_RIGHTS_FIELDS; i = next) {
        const char *text = vn_xmp_next(&next, &clean, i);
        if (text)
            put_property(&properties, &clean, i, next, text);
    }
    put_derived(&properties, &clean);
    VernisStatus status = properties.status;
    if (status == VERNIS_OK && properties.body.size) {
        put_packet(&packet, &properties);
        status = packet.status;
    }
    if (status == VERNIS_OK && packet.body.size > XMP_MOST)
        status = vn_fail(err, VERNIS_E_LIMIT, "xmp",
                         "the texts make %zu bytes of XMP, and at most %d fit a file: shorten them", packet.body.size,
                         XMP_MOST);
    if (status == VERNIS_OK)
        *out = packet.body;
    else
        vn_bytes_free(&packet.body);
    vn_bytes_free(&properties.body);
    vn_rights_free(&clean);
    return status;
}
