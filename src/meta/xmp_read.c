/* SPDX-License-Identifier: Apache-2.0 */
/* Foreign XMP packets through expat (ISO 16684-1:2019 section 7 and the RDF/XML that writers really use: properties as
 * elements or attributes, rdf:resource, rdf:value, structures with and without rdf:Description, any kind of array). */
#include <stdio.h>
#include <string.h>

#include <expat.h>

#include "meta/metatext.h"
#include "meta/xmp_names.h"

enum { PACKET_MOST = 4 << 20, DEPTH_MOST = 64, RAW_TEXT_MOST = 16384 };
#define SEPARATOR "\n" /* between namespace and name; never part of a URI */

typedef enum Role {
    OUTSIDE,     /* not in rdf:RDF yet */
    RDF,         /* rdf:RDF */
    DESCRIPTION, /* rdf:Description in rdf:RDF: the picture's own properties are its children and attributes */
    PROPERTY,    /* one of vn_xmp_properties, or what stands inside it */
    SKIPPED
} Role;

typedef struct Frame {
    Role role;
    const VnXmpProperty *property;
    bool reached;    /* inside the structure's member, or the property is no structure */
    bool value;      /* the element's own text is a value */
    bool by_default; /* xml:lang="x-default" */
    bool listed;     /* an rdf:li was met in it */
} Frame;

typedef struct Reader {
    XML_Parser parser;
    VnFound *found;
    VnError *err;
    VernisStatus status;
    const char *refused; /* why the packet was refused; NULL: it was not */
    Frame frames[DEPTH_MOST + 1];
    int depth;
    size_t text_size;
    char text[RAW_TEXT_MOST];
} Reader;

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

static bool is_name(const char *full, const char *uri, const char *name) {
    return starts_with(full, uri) && starts_with(full + strlen(uri), SEPARATOR) &&
           strcmp(full + strlen(uri) + strlen(SEPARATOR), name) == 0;
}

static bool is_rdf(const char *full, const char *name) { return is_name(full, vn_xmp_spaces[VN_XMP_RDF].uri, name); }

static const VnXmpProperty *find_property(const char *full) {
    for (int i = 0; i < VN_XMP_PROPERTIES; i++)
        if (is_name(full, vn_xmp_spaces[vn_xmp_properties[i].space].uri, vn_xmp_properties[i].name))
            return &vn_xmp_properties[i];
    return NULL;
}

/* The row of a structure whose member has this name; NULL: none. @param property any row of the structure */
static const VnXmpProperty *find_member(const VnXmpProperty *property, const char *full) {
    for (int i = 0; i < VN_XMP_PROPERTIES && property->inner; i++)
        if (!strcmp(vn_xmp_properties[i].name, property->name) &&
            is_name(full, vn_xmp_spaces[property->space].uri, vn_xmp_properties[i].inner))
            return &vn_xmp_properties[i];
    return NULL;
}

static void stop(Reader *reader, const char *refused) {
    reader->refused = refused;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void put(Reader *reader, const VnXmpProperty *property, bool by_default, const char *text, size_t size) {
    char **field = (char **)(void *)((char *)reader->found + property->offset);
    VnPut how = property->form == VN_XMP_SEQ                 ? VN_PUT_JOIN
                : property->form == VN_XMP_ALT && by_default ? VN_PUT_REPLACE
                                                             : VN_PUT_FIRST;
    if (reader->status == VERNIS_OK)
        reader->status = vn_found_put(field, how, text, size, reader->err);
    if (reader->status != VERNIS_OK)
        stop(reader, "memory");
}

/* A name, of an element or an attribute at any depth, that tells of a picture, a position or a number inside the packet. */
static void note_leak(Reader *reader, const char *full) {
    static const char *const pictures[] = {"http://ns.adobe.com/xap/1.0/g/img/" SEPARATOR "image",
                                           "http://ns.google.com/photos/1.0/image/" SEPARATOR,
                                           "http://ns.google.com/photos/1.0/depthmap/" SEPARATOR};
    for (int i = 0; i < 3; i++)
        if (starts_with(full, pictures[i]))
            reader->found->leaks |= VN_LEAK_XMP_THUMBNAIL;
    if (starts_with(full, "http://ns.adobe.com/exif/1.0/" SEPARATOR "GPS") &&
        !is_name(full, "http://ns.adobe.com/exif/1.0/", "GPSVersionID"))
        reader->found->leaks |= VN_LEAK_GPS;
    if ((starts_with(full, "http://ns.adobe.com/exif/1.0/aux/" SEPARATOR) ||
         starts_with(full, "http://cipa.jp/exif/1.0/" SEPARATOR)) &&
        (strstr(full, "SerialNumber") || strstr(full, "OwnerName")))
        reader->found->leaks |= VN_LEAK_SERIAL;
}

static Frame enter(Frame *parent, const char *name) {
    Frame frame = {.role = SKIPPED};
    const VnXmpProperty *member;
    switch (parent->role) {
    case OUTSIDE:
        frame.role = is_rdf(name, "RDF") ? RDF : OUTSIDE;
        break;
    case RDF:
        if (is_rdf(name, "Description"))
            frame.role = DESCRIPTION;
        break;
    case DESCRIPTION:
        frame.property = find_property(name);
        if (frame.property) {
            frame.role = PROPERTY;
            frame.reached = frame.value = !frame.property->inner;
        }
        break;
    case PROPERTY:
        if (is_rdf(name, "li") && parent->property->form == VN_XMP_STRUCT_SEQ && parent->listed)
            break; /* the first structure counts, not a mixture of all */
        parent->listed = parent->listed || is_rdf(name, "li");
        member = parent->reached ? NULL : find_member(parent->property, name);
        frame.property = member ? member : parent->property;
        frame.reached = parent->reached || member;
        frame.value = is_rdf(name, "li") || is_rdf(name, "value") ? frame.reached : !parent->reached && frame.reached;
        if (frame.value || is_rdf(name, "li") || is_rdf(name, "Seq") || is_rdf(name, "Alt") || is_rdf(name, "Bag") ||
            is_rdf(name, "Description"))
            frame.role = PROPERTY;
        break;
    case SKIPPED:
        break;
    }
    return frame;
}

static void read_attribute(Reader *reader, Frame *frame, const char *name, const char *value) {
    note_leak(reader, name);
    if (frame->role == DESCRIPTION) {
        const VnXmpProperty *property = find_property(name);
        if (property && !property->inner)
            put(reader, property, false, value, strlen(value));
    } else if (frame->role == PROPERTY) {
        const VnXmpProperty *member = find_member(frame->property, name);
        if (member || (frame->reached && (is_rdf(name, "resource") || is_rdf(name, "value"))))
            put(reader, member ? member : frame->property, false, value, strlen(value));
        else if (is_name(name, "http://www.w3.org/XML/1998/namespace", "lang"))
            frame->by_default = strcmp(value, "x-default") == 0;
    }
}

static void on_start(void *opaque, const XML_Char *name, const XML_Char **attributes) {
    Reader *reader = opaque;
    if (reader->depth == DEPTH_MOST) {
        stop(reader, "elements nested too deep");
        return;
    }
    note_leak(reader, name);
    Frame *frame = &reader->frames[++reader->depth];
    *frame = enter(frame - 1, name);
    reader->text_size = 0;
    for (; *attributes && !reader->refused; attributes += 2)
        read_attribute(reader, frame, attributes[0], attributes[1]);
}

static void on_end(void *opaque, const XML_Char *name) {
    (void)name;
    Reader *reader = opaque;
    const Frame *frame = &reader->frames[reader->depth--];
    if (frame->value && reader->text_size)
        put(reader, frame->property, frame->by_default, reader->text, reader->text_size);
    reader->text_size = 0;
}

static void on_text(void *opaque, const XML_Char *text, int size) {
    Reader *reader = opaque;
    size_t take = (size_t)size, room = RAW_TEXT_MOST - reader->text_size;
    if (!reader->frames[reader->depth].value)
        return;
    if (take > room)
        for (take = room; take && ((uint8_t)text[take] & 0xc0) == 0x80;)
            take--;
    memcpy(reader->text + reader->text_size, text, take);
    reader->text_size += take;
}

/* Entities can only be declared in a DOCTYPE: without one neither expansion nor anything external can happen. */
static void on_doctype(void *opaque, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id,
                       int has_internal) {
    (void)name, (void)system_id, (void)public_id, (void)has_internal;
    stop(opaque, "it has a DOCTYPE");
}

/* JPEG and PNG writers pad packets with NUL or blanks. */
static VnBytes without_padding(const VnBytes *xmp) {
    VnBytes packet = *xmp;
    while (packet.size && strchr(" \t\r\n", packet.data[packet.size - 1]))
        packet.size--;
    while (packet.size && packet.data[0] && strchr(" \t\r\n", packet.data[0]))
        packet.data++, packet.size--;
    return packet;
}

static void parse(Reader *reader, const VnBytes *packet) {
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, on_start, on_end);
    XML_SetCharacterDataHandler(reader->parser, on_text);
    XML_SetStartDoctypeDeclHandler(reader->parser, on_doctype);
    if (XML_Parse(reader->parser, (const char *)packet->data, (int)packet->size, 1) == XML_STATUS_OK)
        return;
    enum XML_Error code = XML_GetErrorCode(reader->parser);
    if (code == XML_ERROR_NO_MEMORY && reader->status == VERNIS_OK)
        reader->status = vn_no_memory(reader->err, "xmp", packet->size, "an XMP packet");
    if (!reader->refused)
        reader->refused = XML_ErrorString(code);
}

VernisStatus vn_xmp_read(VnFound *found, const VnBytes *xmp, VnError *err) {
    static const XML_Memory_Handling_Suite memory = {vn_malloc, vn_realloc, vn_free};
    char note[sizeof found->note];
    VnBytes packet = without_padding(xmp);
    if (!packet.size)
        return VERNIS_OK;
    if (packet.size > PACKET_MOST) {
        snprintf(note, sizeof note, "XMP ignored: %zu bytes, more than %d", packet.size, PACKET_MOST);
        vn_text_list(found->note, sizeof found->note, "; ", note);
        return VERNIS_OK;
    }
    Reader *reader = vn_calloc(1, sizeof *reader);
    if (reader)
        reader->parser = XML_ParserCreate_MM(NULL, &memory, SEPARATOR);
    if (!reader || !reader->parser) {
        vn_free(reader);
        return vn_no_memory(err, "xmp", sizeof *reader, "an XMP parser");
    }
    reader->found = found;
    reader->err = err;
    parse(reader, &packet);
    VernisStatus status = reader->status;
    if (reader->refused) {
        snprintf(note, sizeof note, "XMP ignored: line %lu: %s",
                 (unsigned long)XML_GetCurrentLineNumber(reader->parser), reader->refused);
        vn_found_free(found);
        vn_text_list(found->note, sizeof found->note, "; ", note);
    }
    XML_ParserFree(reader->parser);
    vn_free(reader);
    return status;
}
