/* SPDX-License-Identifier: Apache-2.0 */
/* Written with libexif; read by hand, because seven tags need none of the maker-note parsers that libexif would run on
 * hostile bytes, and because Exif 3.0's UTF-8 type is unknown to it. Layout: TIFF 6.0 section 2, Exif 2.32 section
 * 4.6. */
#include <string.h>

#include <libexif/exif-data.h>

#include "meta/coordinate.h"
#include "meta/found.h"
#include "meta/metatext.h"

/* What fits a JPEG APP1 segment after its length and "Exif\0\0". */
enum { EXIF_MOST = 65533 - 6 };
/* Exif 2.32 section 4.6.6; which side of the equator or of Greenwich stands in the tag before. */
enum { GPS_VERSION = 0, GPS_LATITUDE = 2, GPS_LONGITUDE = 4 };

static void *exif_calloc(ExifLong size) { return vn_calloc(1, size); }
static void *exif_realloc(void *block, ExifLong size) { return vn_realloc(block, size); }

static void note_no_memory(ExifLog *log, ExifLogCode code, const char *domain, const char *format, va_list args,
                           void *flag) {
    (void)log, (void)domain, (void)format, (void)args;
    if (code == EXIF_LOG_CODE_NO_MEMORY)
        *(bool *)flag = true;
}

typedef struct Writer {
    ExifMem *memory;
    ExifLog *log;
    ExifData *data;
    bool no_memory; /* libexif's saving goes on without what it could not allocate, and only logs it */
} Writer;

/* False when memory is short; writer_close is due either way. */
static bool writer_open(Writer *writer) {
    *writer = (Writer){.memory = exif_mem_new(exif_calloc, exif_realloc, vn_free)};
    if (writer->memory) {
        writer->log = exif_log_new_mem(writer->memory);
        writer->data = exif_data_new_mem(writer->memory);
    }
    if (!writer->log || !writer->data)
        return false;
    exif_log_set_func(writer->log, note_no_memory, &writer->no_memory);
    exif_data_log(writer->data, writer->log);
    /* Off: else libexif adds a dozen tags of its own, among them the time of day. */
    exif_data_unset_option(writer->data, EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
    exif_data_set_byte_order(writer->data, EXIF_BYTE_ORDER_INTEL);
    return true;
}

static void writer_close(Writer *writer) {
    if (writer->data)
        exif_data_unref(writer->data);
    if (writer->log)
        exif_log_unref(writer->log);
    if (writer->memory)
        exif_mem_unref(writer->memory);
}

/* Add one tag; the value is in the stream's byte order already. */
static VernisStatus add_to(Writer *writer, ExifIfd ifd, int tag, ExifFormat format, unsigned count, const void *value,
                           size_t size, VnError *err) {
    ExifEntry *entry = exif_entry_new_mem(writer->memory);
    if (!entry)
        return vn_no_memory(err, "exif", sizeof *entry, "an EXIF tag");
    entry->tag = (ExifTag)tag;
    entry->format = format;
    entry->components = count;
    entry->size = (unsigned)size;
    entry->data = exif_mem_alloc(writer->memory, (ExifLong)size);
    if (entry->data) {
        memcpy(entry->data, value, size);
        exif_content_add_entry(writer->data->ifd[ifd], entry);
    }
    bool added = entry->parent != NULL;
    exif_entry_unref(entry);
    return added ? VERNIS_OK : vn_no_memory(err, "exif", size, "an EXIF tag");
}

static VernisStatus add_tag(Writer *writer, ExifTag tag, ExifFormat format, unsigned count, const void *value,
                            size_t size, VnError *err) {
    return add_to(writer, EXIF_IFD_0, tag, format, count, value, size, err);
}

static VernisStatus add_text(Writer *writer, ExifTag tag, const char *text, VnError *err) {
    if (!text)
        return VERNIS_OK;
    size_t size = strlen(text) + 1;
    if (size > EXIF_MOST)
        return vn_fail(err, VERNIS_E_LIMIT, "exif",
                       "a text of %zu bytes does not fit EXIF (%d bytes in all): shorten it", size - 1, EXIF_MOST);
    return add_tag(writer, tag, EXIF_FORMAT_ASCII, (unsigned)size, text, size, err);
}

static VernisStatus add_short(Writer *writer, ExifTag tag, uint8_t value, VnError *err) {
    return add_tag(writer, tag, EXIF_FORMAT_SHORT, 1, (const uint8_t[]){value, 0}, 2, err);
}

/* Degrees, minutes, and no seconds, after the letter that says on which side. */
static VernisStatus add_coordinate(Writer *writer, int tag, const VnCoordinate *coordinate, VnError *err) {
    const uint32_t parts[6] = {
        (uint32_t)(coordinate->micro / 60000000), 1, (uint32_t)(coordinate->micro % 60000000), 1000000, 0, 1};
    const char side[2] = {coordinate->side, 0};
    uint8_t value[sizeof parts];
    for (size_t i = 0; i < 6; i++)
        exif_set_long(value + 4 * i, EXIF_BYTE_ORDER_INTEL, parts[i]);
    VN_TRY(add_to(writer, EXIF_IFD_GPS, tag - 1, EXIF_FORMAT_ASCII, 2, side, 2, err));
    return add_to(writer, EXIF_IFD_GPS, tag, EXIF_FORMAT_RATIONAL, 3, value, sizeof value, err);
}

static VernisStatus add_position(Writer *writer, const VnRights *rights, VnError *err) {
    VnCoordinate latitude, longitude;
    if (!rights->latitude || !rights->longitude || !vn_coordinate_read(&latitude, rights->latitude, "NS") ||
        !vn_coordinate_read(&longitude, rights->longitude, "EW"))
        return VERNIS_OK;
    VN_TRY(add_to(writer, EXIF_IFD_GPS, GPS_VERSION, EXIF_FORMAT_BYTE, 4, (const uint8_t[]){2, 3, 0, 0}, 4, err));
    VN_TRY(add_coordinate(writer, GPS_LATITUDE, &latitude, err));
    return add_coordinate(writer, GPS_LONGITUDE, &longitude, err);
}

/* Move all that follows the header from byte 8 to 10. exiftool 12.57 tells the directories of a PNG file apart by their
 * offset within their chunk, and leaves out the second of two at 8, where the first box of a C2PA chunk has its content.
 * @param tiff little-endian, as libexif made it: 12 bytes an entry, offsets of values over 4 bytes and of the GPS directory
 * @param at the first directory */
static void move_offsets(uint8_t *tiff, size_t at) {
    unsigned entries = exif_get_short(tiff + at, EXIF_BYTE_ORDER_INTEL);
    for (uint8_t *entry = tiff + at + 2; entries--; entry += 12) {
        uint64_t bytes = exif_format_get_size((ExifFormat)exif_get_short(entry + 2, EXIF_BYTE_ORDER_INTEL)) *
                         (uint64_t)exif_get_long(entry + 4, EXIF_BYTE_ORDER_INTEL);
        bool directory = exif_get_short(entry, EXIF_BYTE_ORDER_INTEL) == EXIF_TAG_GPS_INFO_IFD_POINTER;
        uint32_t offset = exif_get_long(entry + 8, EXIF_BYTE_ORDER_INTEL);
        if (directory)
            move_offsets(tiff, offset);
        if (directory || bytes > 4)
            exif_set_long(entry + 8, EXIF_BYTE_ORDER_INTEL, offset + 2);
    }
}

VernisStatus vn_exif_make(VnBytes *out, const VnRights *rights, VnError *err) {
    static const uint8_t dpi_72[8] = {72, 0, 0, 0, 1, 0, 0, 0};
    VnRights clean;
    VN_TRY(vn_rights_clean(&clean, rights, err));
    Writer writer;
    unsigned char *bytes = NULL;
    unsigned size = 0;
    VernisStatus status;
    if (!writer_open(&writer)) {
        status = vn_no_memory(err, "exif", sizeof(ExifData), "EXIF");
        goto done;
    }
    VN_CHECK(add_text(&writer, EXIF_TAG_IMAGE_DESCRIPTION, clean.description, err));
    VN_CHECK(add_text(&writer, EXIF_TAG_ARTIST, clean.creator, err));
    VN_CHECK(add_text(&writer, EXIF_TAG_COPYRIGHT, clean.copyright, err));
    VN_CHECK(add_short(&writer, EXIF_TAG_ORIENTATION, 1, err));
    VN_CHECK(add_text(&writer, EXIF_TAG_SOFTWARE, VN_MARK, err));
    /* Mandatory in Exif 2.32 table 17, at the values it gives for unknown: 72 dots an inch, centred chroma. */
    VN_CHECK(add_tag(&writer, EXIF_TAG_X_RESOLUTION, EXIF_FORMAT_RATIONAL, 1, dpi_72, sizeof dpi_72, err));
    VN_CHECK(add_tag(&writer, EXIF_TAG_Y_RESOLUTION, EXIF_FORMAT_RATIONAL, 1, dpi_72, sizeof dpi_72, err));
    VN_CHECK(add_short(&writer, EXIF_TAG_RESOLUTION_UNIT, 2, err));
    VN_CHECK(add_short(&writer, EXIF_TAG_YCBCR_POSITIONING, 1, err));
    VN_CHECK(add_position(&writer, &clean, err));
    exif_data_save_data(writer.data, &bytes, &size);
    if (!bytes || writer.no_memory) {
        status = vn_no_memory(err, "exif", size, "EXIF");
        goto done;
    }
    if (size - 4 > EXIF_MOST)
        VN_CHECK(vn_fail(err, VERNIS_E_LIMIT, "exif",
                         "the texts make %u bytes of EXIF, and at most %d fit a file: shorten them", size - 4,
                         EXIF_MOST));
    /* Behind "Exif\0\0", which stays out; two bytes of it are overwritten. */
    move_offsets(bytes + 6, 8);
    memcpy(bytes + 4, "II*\0\n\0\0\0\0\0", 10);
    VN_CHECK(vn_bytes_append(out, bytes + 4, size - 4, err));
done:
    vn_free(bytes);
    writer_close(&writer);
    vn_rights_free(&clean);
    return status;
}

/* --- reading --- */

enum {
    TYPE_ASCII = 2,
    TYPE_RATIONAL = 5,
    TYPE_UTF8 = 129, /* Exif 3.0 section 4.6.2 */
    TAG_EXIF_IFD = 0x8769,
    TAG_GPS_IFD = 0x8825,
    TAG_USER_COMMENT = 0x9286,
    TAG_BODY_SERIAL = 0xa431,
    TAG_LENS_SERIAL = 0xa435
};

/* Bounds on the work that hostile bytes can ask for: real directories have below a hundred entries. */
enum { ENTRIES_MOST = 512, TEXT_READ_MOST = 65536 };

typedef struct Tiff {
    const uint8_t *data;
    size_t size;
    bool big;
} Tiff;

typedef struct Entry {
    uint32_t tag, type, count;
    size_t at; /* of the value field, 4 bytes */
} Entry;

static uint32_t read_uint(const Tiff *tiff, size_t at, int bytes) {
    uint32_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | tiff->data[at + (size_t)(tiff->big ? i : bytes - 1 - i)];
    return value;
}

/* Entries of the directory at `offset` that lie within the stream and the bounds; 0 if the directory does not. */
static uint32_t count_entries(const Tiff *tiff, uint32_t offset) {
    if (offset < 8 || tiff->size < 2 || offset > tiff->size - 2)
        return 0;
    size_t room = (tiff->size - offset - 2) / 12;
    uint32_t count = read_uint(tiff, offset, 2);
    if (room > ENTRIES_MOST)
        room = ENTRIES_MOST;
    return count < room ? count : (uint32_t)room;
}

static Entry read_entry(const Tiff *tiff, uint32_t directory, uint32_t i) {
    size_t at = (size_t)directory + 2 + (size_t)i * 12;
    return (Entry){read_uint(tiff, at, 2), read_uint(tiff, at + 2, 2), read_uint(tiff, at + 4, 4), at + 8};
}

/* Copyright can be "photographer NUL editor NUL", with a blank for a missing photographer: the first part that says
 * anything counts. */
static VernisStatus put_text(char **field, const Tiff *tiff, const Entry *entry, VnError *err) {
    if (entry->type != TYPE_ASCII && entry->type != TYPE_UTF8)
        return VERNIS_OK;
    size_t at = entry->count <= 4 ? entry->at : read_uint(tiff, entry->at, 4), left = entry->count;
    if (at > tiff->size || left > tiff->size - at)
        return VERNIS_OK;
    if (left > TEXT_READ_MOST)
        left = TEXT_READ_MOST;
    for (int part = 0; part < 2 && left && !*field; part++) {
        const uint8_t *end = memchr(tiff->data + at, 0, left);
        size_t length = end ? (size_t)(end - (tiff->data + at)) : left;
        VN_TRY(vn_found_put(field, VN_PUT_FIRST, tiff->data + at, length, err));
        size_t step = end ? length + 1 : length;
        at += step;
        left -= step;
    }
    return VERNIS_OK;
}

/* One character of UTF-16 (RFC 2781) as UTF-8; a surrogate without its other half becomes U+FFFD. Returns the bytes read. */
static size_t put_utf16(VnBytes *out, const Tiff *text, size_t at, VernisStatus *status, VnError *err) {
    uint32_t code = read_uint(text, at, 2), low = text->size - at >= 4 ? read_uint(text, at + 2, 2) : 0;
    bool pair = code >= 0xd800 && code < 0xdc00 && low >= 0xdc00 && low < 0xe000;
    if (pair)
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    else if (code >= 0xd800 && code < 0xe000)
        code = 0xfffd;
    unsigned more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t leads[4] = {0, 0xc0, 0xe0, 0xf0};
    uint8_t utf8[4] = {(uint8_t)(leads[more] | code >> (6 * more))};
    for (unsigned i = 1; i <= more; i++)
        utf8[i] = (uint8_t)(0x80 | (code >> (6 * (more - i)) & 0x3f));
    *status = vn_bytes_append(out, utf8, more + 1, err);
    return pair ? 4 : 2;
}

/* UserComment: eight bytes name the character code (Exif 2.32 section 4.6.5). Writers of "UNICODE" put UTF-16 in the byte
 * order of the stream or in their own, so the bytes decide: most text has its zeros in the high byte. */
static VernisStatus put_comment(char **field, const Tiff *tiff, const Entry *entry, VnError *err) {
    enum { CODE = 8, COMMENT_MOST = 2 * VN_TEXT_MAX };
    size_t at = entry->count > 4 ? read_uint(tiff, entry->at, 4) : tiff->size, size = entry->count;
    if (at > tiff->size || size > tiff->size - at || size < CODE)
        return VERNIS_OK;
    const uint8_t *data = tiff->data + at + CODE;
    size = size - CODE < COMMENT_MOST ? size - CODE : COMMENT_MOST;
    if (memcmp(data - CODE, "UNICODE", CODE) != 0)
        return vn_found_put(field, VN_PUT_FIRST, data, size, err);
    size_t zeros[2] = {0, 0};
    for (size_t i = 0; i < size; i++)
        zeros[i & 1] += data[i] == 0;
    Tiff text = {data, size & ~(size_t)1, zeros[0] >= zeros[1]};
    VnBytes utf8 = {0};
    VernisStatus status = VERNIS_OK;
    for (size_t i = 0; i < text.size && status == VERNIS_OK;)
        i += put_utf16(&utf8, &text, i, &status, err);
    if (status == VERNIS_OK)
        status = vn_found_put(field, VN_PUT_FIRST, utf8.data, utf8.size, err);
    vn_bytes_free(&utf8);
    return status;
}

static VernisStatus read_exif_directory(VnFound *found, const Tiff *tiff, uint32_t directory, VnError *err) {
    uint32_t count = count_entries(tiff, directory);
    for (uint32_t i = 0; i < count; i++) {
        Entry entry = read_entry(tiff, directory, i);
        if (entry.tag == TAG_USER_COMMENT)
            VN_TRY(put_comment(&found->comment, tiff, &entry, err));
        else if (entry.tag == TAG_BODY_SERIAL)
            VN_TRY(put_text(&found->rights.body_serial, tiff, &entry, err));
        else if (entry.tag == TAG_LENS_SERIAL)
            VN_TRY(put_text(&found->rights.lens_serial, tiff, &entry, err));
    }
    return VERNIS_OK;
}

/* Degrees, minutes and seconds, each a fraction. @return below 0: it is damaged */
static double read_degrees(const Tiff *tiff, const Entry *entry) {
    size_t at = read_uint(tiff, entry->at, 4);
    double degrees = 0, unit = 1;
    if (entry->type != TYPE_RATIONAL || entry->count != 3 || at > tiff->size || tiff->size - at < 24)
        return -1;
    for (int i = 0; i < 3; i++, at += 8, unit /= 60) {
        uint32_t above = read_uint(tiff, at, 4), below = read_uint(tiff, at + 4, 4);
        if (above && !below)
            return -1;
        degrees += above ? unit * above / below : 0;
    }
    return degrees;
}

static VernisStatus put_coordinate(char **field, double degrees, uint8_t side, VnError *err) {
    char text[24];
    return side && vn_coordinate_text(text, degrees, (char)side)
               ? vn_found_put(field, VN_PUT_FIRST, text, strlen(text), err)
               : VERNIS_OK;
}

/* One after the other, because the letters stand beside the numbers. */
static VernisStatus read_gps_directory(VnFound *found, const Tiff *tiff, uint32_t directory, VnError *err) {
    uint32_t count = count_entries(tiff, directory);
    uint8_t sides[2] = {0};
    double degrees[2] = {-1, -1};
    for (uint32_t i = 0; i < count; i++) {
        Entry entry = read_entry(tiff, directory, i);
        uint8_t side = tiff->data[entry.at];
        if (entry.tag == GPS_LATITUDE)
            degrees[0] = read_degrees(tiff, &entry);
        else if (entry.tag == GPS_LONGITUDE)
            degrees[1] = read_degrees(tiff, &entry);
        else if (entry.tag == GPS_LATITUDE - 1 && (side == 'N' || side == 'S'))
            sides[0] = side;
        else if (entry.tag == GPS_LONGITUDE - 1 && (side == 'E' || side == 'W'))
            sides[1] = side;
    }
    VN_TRY(put_coordinate(&found->rights.latitude, degrees[0], sides[0], err));
    return put_coordinate(&found->rights.longitude, degrees[1], sides[1], err);
}

VernisStatus vn_exif_read(VnFound *found, const VnBytes *exif, VnError *err) {
    static const struct {
        uint32_t tag;
        size_t offset; /* of the text in VnFound */
    } texts[] = {
        {EXIF_TAG_ARTIST, offsetof(VnFound, rights) + offsetof(VnRights, creator)},
        {EXIF_TAG_COPYRIGHT, offsetof(VnFound, rights) + offsetof(VnRights, copyright)},
        {EXIF_TAG_IMAGE_DESCRIPTION, offsetof(VnFound, rights) + offsetof(VnRights, description)},
        {EXIF_TAG_SOFTWARE, offsetof(VnFound, software)},
    };
    if (exif->size < 8)
        return VERNIS_OK;
    Tiff tiff = {exif->data, exif->size, memcmp(exif->data, "MM\0*", 4) == 0};
    if (!tiff.big && memcmp(exif->data, "II*\0", 4) != 0) {
        vn_text_list(found->note, sizeof found->note, "; ", "EXIF ignored: it is not a TIFF stream");
        return VERNIS_OK;
    }
    uint32_t directory = read_uint(&tiff, 4, 4), count = count_entries(&tiff, directory);
    for (uint32_t i = 0; i < count; i++) {
        Entry entry = read_entry(&tiff, directory, i);
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
            if (entry.tag == texts[j].tag)
                VN_TRY(put_text((char **)(void *)((char *)found + texts[j].offset), &tiff, &entry, err));
        if (entry.tag == TAG_EXIF_IFD)
            VN_TRY(read_exif_directory(found, &tiff, read_uint(&tiff, entry.at, 4), err));
        else if (entry.tag == TAG_GPS_IFD)
            VN_TRY(read_gps_directory(found, &tiff, read_uint(&tiff, entry.at, 4), err));
    }
    return VERNIS_OK;
}
