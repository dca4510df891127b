/* SPDX-License-Identifier: Apache-2.0 */
/* XMP: what is written comes back; the forms of other writers are understood; hostile packets are ignored whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "meta/xmp_names.h"
#include "meta_samples.h"

#define HEAD \
    "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF " \
    "xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:dc='http://purl.org/dc/elements/1.1/' " \
    "xmlns:xr='http://ns.adobe.com/xap/1.0/rights/' xmlns:plus='http://ns.useplus.org/ldf/xmp/1.0/' " \
    "xmlns:core='http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/' " \
    "xmlns:ext='http://iptc.org/std/Iptc4xmpExt/2008-02-29/' " \
    "xmlns:xmp='http://ns.adobe.com/xap/1.0/' xmlns:tdm='http://www.w3.org/ns/tdmrep/' " \
    "xmlns:exif='http://ns.adobe.com/exif/1.0/' xmlns:img='http://ns.adobe.com/xap/1.0/g/img/' " \
    "xmlns:mm='http://ns.adobe.com/xap/1.0/mm/'>"
#define TAIL "</rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
#define ABOUT(content) HEAD "<rdf:Description rdf:about=''>" content "</rdf:Description>" TAIL

static void read_xmp(VnFound *found, const char *packet, size_t size) {
    VnBytes xmp = borrow(packet, size);
    *found = (VnFound){0};
    assert_int_equal(vn_xmp_read(found, &xmp, NULL), VERNIS_OK);
}

static char **field_of(VnFound *found, size_t offset) { return (char **)(void *)((char *)found + offset); }

static void expect_field(const char *packet, size_t offset, const char *wanted) {
    VnFound found;
    read_xmp(&found, packet, strlen(packet));
    assert_string_equal(found.note, "");
    const char *got = *field_of(&found, offset);
    if (wanted)
        assert_string_equal(got ? got : "(nothing)", wanted);
    else
        assert_null(got);
    vn_found_free(&found);
}
#define RIGHT(field) (offsetof(VnFound, rights) + offsetof(VnRights, field))

static void make(VnBytes *xmp, const VnRights *rights) {
    *xmp = (VnBytes){0};
    assert_int_equal(vn_xmp_make(xmp, rights, NULL), VERNIS_OK);
}

static void expect_same(const VnRights *rights) {
    VnBytes xmp;
    VnFound found;
    VnRights wanted = *rights;
    make(&xmp, rights);
    read_xmp(&found, (const char *)xmp.data, xmp.size);
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++) {
        const char *text = *vn_rights_at(&wanted, vn_rights_fields[i].offset);
        const char *got = *vn_rights_at(&found.rights, vn_rights_fields[i].offset);
        assert_string_equal(got ? got : "", text ? text : "");
    }
    vn_found_free(&found);
    vn_bytes_free(&xmp);
}

static void what_is_written_is_read(void **state) {
    (void)state;
    VnRights rights = sample_rights();
    expect_same(&rights);
    for (int i = 0; i < VN_RIGHTS_FIELDS; i++) {
        VnRights one = {0};
        *vn_rights_at(&one, vn_rights_fields[i].offset) = *vn_rights_at(&rights, vn_rights_fields[i].offset);
        expect_same(&one);
    }
    static const char *const creators[] = {"A; B", "A;B", "A; ; B", "A;  B", "; A", "A;", "a; b; c; d", "A ; B"};
    for (size_t i = 0; i < sizeof creators / sizeof *creators; i++)
        expect_same(&(VnRights){.creator = (char *)(uintptr_t)creators[i]});
}

static bool packet_has(const VnRights *rights, const char *text) {
    VnBytes xmp;
    make(&xmp, rights);
    bool has = xmp.data && memmem(xmp.data, xmp.size, text, strlen(text)) != NULL;
    vn_bytes_free(&xmp);
    return has;
}

static void only_what_is_known_is_said(void **state) {
    (void)state;
    VnBytes xmp;
    make(&xmp, &(VnRights){0});
    assert_int_equal(xmp.size, 0);
    make(&xmp, &(VnRights){.creator = (char[]){" \n\t\x01"}});
    assert_int_equal(xmp.size, 0);
    assert_true(packet_has(&(VnRights){.creator = (char[]){"A"}}, "<xmpRights:Marked>True</xmpRights:Marked>"));
    assert_true(packet_has(&(VnRights){.copyright = (char[]){"A"}}, "<xmpRights:Marked>True</xmpRights:Marked>"));
    assert_false(packet_has(&(VnRights){.credit = (char[]){"A"}}, "Marked"));
    assert_false(packet_has(&(VnRights){.credit = (char[]){"A"}}, "plus"));
    assert_false(
        packet_has(&(VnRights){.data_mining = (char[]){"http://ns.useplus.org/ldf/vocab/DMI-ALLOWED"}}, "tdm"));
    VnRights constraint = {.data_mining = (char[]){"http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-SEECONSTRAINT"}};
    assert_true(packet_has(&constraint, "<tdm:reservation>1</tdm:reservation>"));
    assert_false(packet_has(&constraint, "OtherConstraints"));
    constraint.constraints = (char[]){"ask me"};
    assert_true(packet_has(&constraint, "<plus:OtherConstraints>"));
}

static void text_is_escaped_and_cleaned(void **state) {
    (void)state;
    VnRights rights = {.copyright = (char[]){"</rdf:li>&amp;\"'\x02\x1b[31m\x7f\xef\xbf\xbe]]>é"}};
    assert_true(packet_has(&rights, ">&lt;/rdf:li&gt;&amp;amp;\"'[31m]]&gt;é</rdf:li>"));
    VnError err = {0};
    VnBytes xmp = {0};
    assert_int_equal(vn_xmp_make(&xmp, &(VnRights){.usage_terms = (char[]){"a\xff"}}, &err), VERNIS_E_ARGUMENT);
    assert_non_null(strstr(err.text, "usage-terms"));
    static char long_text[70000];
    memset(long_text, 'x', sizeof long_text - 1);
    assert_int_equal(vn_xmp_make(&xmp, &(VnRights){.usage_terms = long_text}, NULL), VERNIS_E_LIMIT);
    assert_null(xmp.data);
}

static void forms_of_other_writers(void **state) {
    (void)state;
    expect_field(HEAD "<rdf:Description rdf:about='' plus:DataMining='U' ext:DigitalSourceType=\"D\"/>" TAIL,
                 RIGHT(data_mining), "U");
    expect_field(ABOUT("<plus:DataMining rdf:resource='http://u/'/>"), RIGHT(data_mining), "http://u/");
    expect_field(ABOUT("<plus:DataMining rdf:parseType='Resource'><rdf:value>U</rdf:value><xmp:q>no</xmp:q>"
                       "</plus:DataMining>"),
                 RIGHT(data_mining), "U");
    expect_field(
        ABOUT("<plus:DataMining><rdf:Description><rdf:value>U</rdf:value></rdf:Description></plus:DataMining>"),
        RIGHT(data_mining), "U");
    expect_field(
        ABOUT("<dc:creator><rdf:Seq><rdf:li>A</rdf:li><rdf:li>B &amp; &#x6f22;</rdf:li></rdf:Seq></dc:creator>"),
        RIGHT(creator), "A; B & 漢");
    expect_field(ABOUT("<dc:creator><rdf:Bag><rdf:li>A</rdf:li></rdf:Bag></dc:creator>"), RIGHT(creator), "A");
    expect_field(ABOUT("<dc:creator>A<!-- b --> C</dc:creator>"), RIGHT(creator), "A C");
    expect_field(ABOUT("<dc:rights><rdf:Alt><rdf:li xml:lang='fr'>f</rdf:li><rdf:li xml:lang='x-default'>d</rdf:li>"
                       "</rdf:Alt></dc:rights>"),
                 RIGHT(copyright), "d");
    expect_field(ABOUT("<dc:rights><rdf:Alt><rdf:li xml:lang='fr'>f</rdf:li><rdf:li xml:lang='de'>d</rdf:li>"
                       "</rdf:Alt></dc:rights>"),
                 RIGHT(copyright), "f");
    expect_field(ABOUT("<dc:description><![CDATA[a <b> & c]]></dc:description>"), RIGHT(description), "a <b> & c");
    expect_field(
        ABOUT("<plus:Licensor><rdf:Seq><rdf:li rdf:parseType='Resource'><plus:LicensorName>N</plus:LicensorName>"
              "<plus:LicensorURL>L</plus:LicensorURL></rdf:li></rdf:Seq></plus:Licensor>"),
        RIGHT(licensor_url), "L");
    expect_field(ABOUT("<plus:Licensor><rdf:Bag><rdf:li><rdf:Description plus:LicensorURL='L'/></rdf:li></rdf:Bag>"
                       "</plus:Licensor>"),
                 RIGHT(licensor_url), "L");
    expect_field(ABOUT("<plus:Licensor><rdf:Seq><rdf:li plus:LicensorName='N' plus:LicensorURL='L'/></rdf:Seq>"
                       "</plus:Licensor>"),
                 RIGHT(licensor_url), "L");
    expect_field(ABOUT("<core:CreatorContactInfo core:CiUrlWork='C' core:CiEmailWork='e'/>"), RIGHT(contact_url), "C");
    expect_field(ABOUT("<core:CreatorContactInfo><rdf:Description><core:CiEmailWork>e</core:CiEmailWork>"
                       "<core:CiUrlWork>C</core:CiUrlWork></rdf:Description></core:CreatorContactInfo>"),
                 RIGHT(contact_url), "C");
    expect_field(ABOUT("<xr:WebStatement rdf:resource='W'/>"), RIGHT(license_url), "W");
    expect_field(ABOUT("<tdm:reservation>1</tdm:reservation>"), offsetof(VnFound, tdm), "1");
    expect_field(HEAD "<rdf:Description/><rdf:Description xmp:CreatorTool='T'/>" TAIL, offsetof(VnFound, software),
                 "T");
    expect_field(ABOUT("<dc:creator> \n </dc:creator>"), RIGHT(creator), NULL);
}

/* The same names deeper down belong to something else: an ingredient, a pictured artwork, a structure. */
static void what_belongs_to_something_else_is_left(void **state) {
    (void)state;
    expect_field(ABOUT("<mm:Pantry><rdf:Bag><rdf:li><rdf:Description><ext:DigitalSourceType>D</ext:DigitalSourceType>"
                       "</rdf:Description></rdf:li></rdf:Bag></mm:Pantry>"),
                 RIGHT(source_type), NULL);
    expect_field(ABOUT("<mm:Pantry><rdf:Bag><rdf:li ext:DigitalSourceType='D'/></rdf:Bag></mm:Pantry>"),
                 RIGHT(source_type), NULL);
    expect_field(ABOUT("<dc:creator><dc:rights>R</dc:rights></dc:creator>"), RIGHT(copyright), NULL);
    expect_field(ABOUT("<dc:creator><dc:rights><rdf:li>R</rdf:li></dc:rights></dc:creator>"), RIGHT(creator), NULL);
    expect_field(ABOUT("<plus:Licensor><rdf:Seq><rdf:li>no</rdf:li></rdf:Seq></plus:Licensor>"), RIGHT(licensor_url),
                 NULL);
    expect_field(ABOUT("<plus:LicensorURL>no</plus:LicensorURL>"), RIGHT(licensor_url), NULL);
    expect_field("<a xmlns='http://purl.org/dc/elements/1.1/'><creator>C</creator></a>", RIGHT(creator), NULL);
    expect_field(ABOUT("<creator>C</creator><dc:Creator>C</dc:Creator>"), RIGHT(creator), NULL);
}

static void padding_is_no_fault(void **state) {
    (void)state;
    VnFound found;
    static const char good[] = " \n" ABOUT("<dc:creator>A</dc:creator>") "   \n\n\0\0\0";
    read_xmp(&found, good, sizeof good - 1);
    assert_string_equal(found.rights.creator, "A");
    vn_found_free(&found);
    static const char marked[] = "\xef\xbb\xbf" ABOUT("<dc:creator>A</dc:creator>");
    read_xmp(&found, marked, sizeof marked - 1);
    assert_string_equal(found.rights.creator, "A");
    vn_found_free(&found);
}

static void pictures_and_positions_are_noticed(void **state) {
    (void)state;
    VnFound found;
    static const char thumbnail[] = ABOUT("<xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType='Resource'>"
                                          "<img:image>AAAA</img:image></rdf:li></rdf:Alt></xmp:Thumbnails>");
    read_xmp(&found, thumbnail, sizeof thumbnail - 1);
    assert_int_equal(found.leaks, VN_LEAK_XMP_THUMBNAIL);
    vn_found_free(&found);
    static const char position[] = ABOUT("<exif:GPSLatitude>48,1N</exif:GPSLatitude>");
    read_xmp(&found, position, sizeof position - 1);
    assert_int_equal(found.leaks, VN_LEAK_GPS);
    vn_found_free(&found);
    static const char version[] = HEAD "<rdf:Description exif:GPSVersionID='2.3.0.0'/>" TAIL;
    read_xmp(&found, version, sizeof version - 1);
    assert_int_equal(found.leaks, 0);
    vn_found_free(&found);
}

static void expect_ignored(const char *packet, size_t size, const char *why) {
    VnFound found;
    read_xmp(&found, packet, size);
    assert_non_null(strstr(found.note, why));
    memset(found.note, 0, sizeof found.note);
    assert_memory_equal(&found, &(VnFound){0}, sizeof found);
}

static void hostile_packets_are_ignored_whole(void **state) {
    (void)state;
    static const char cut[] = HEAD "<rdf:Description><dc:creator>A</dc:creator>";
    expect_ignored(cut, sizeof cut - 1, "XMP ignored: line 1: no element found");
    static const char laughs[] =
        "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;'>]>" ABOUT(
            "<dc:creator>&c;</dc:creator>");
    expect_ignored(laughs, sizeof laughs - 1, "DOCTYPE");
    static const char outside[] = "<!DOCTYPE l SYSTEM 'file:///etc/passwd'>" ABOUT("<dc:creator>A</dc:creator>");
    expect_ignored(outside, sizeof outside - 1, "DOCTYPE");
    static const char entity[] = ABOUT("<dc:creator>A</dc:creator><dc:rights>&nope;</dc:rights>");
    expect_ignored(entity, sizeof entity - 1, "undefined entity");
    static const char bytes[] = ABOUT("<dc:creator>A</dc:creator><dc:rights>\xff</dc:rights>");
    expect_ignored(bytes, sizeof bytes - 1, "not well-formed");
    static const char garbage[] = "\x89PNG\r\n\x1a\n";
    expect_ignored(garbage, sizeof garbage - 1, "XMP ignored");

    VnBytes deep = {0};
    vn_bytes_append(&deep, HEAD, sizeof HEAD - 1, NULL);
    for (int i = 0; i < 100000; i++)
        vn_bytes_append(&deep, "<a>", 3, NULL);
    expect_ignored((const char *)deep.data, deep.size, "nested too deep");
    vn_bytes_free(&deep);

    size_t size = (4 << 20) + 1;
    char *large = vn_malloc(size);
    memset(large, 'x', size);
    expect_ignored(large, size, "more than");
    vn_free(large);
}

static void long_lists_and_texts_are_bounded(void **state) {
    (void)state;
    VnBytes list = {0};
    static const char start[] = HEAD "<rdf:Description><dc:creator><rdf:Seq>";
    static const char end[] = "</rdf:Seq></dc:creator></rdf:Description>" TAIL;
    vn_bytes_append(&list, start, sizeof start - 1, NULL);
    for (int i = 0; i < 50000; i++)
        vn_bytes_append(&list, "<rdf:li>abcdefg</rdf:li>", 24, NULL);
    vn_bytes_append(&list, "<rdf:li>", 8, NULL);
    for (int i = 0; i < 300000; i++)
        vn_bytes_append(&list, "漢", 3, NULL);
    vn_bytes_append(&list, "</rdf:li>", 9, NULL);
    vn_bytes_append(&list, end, sizeof end - 1, NULL);
    VnFound found;
    read_xmp(&found, (const char *)list.data, list.size);
    assert_string_equal(found.note, "");
    assert_in_range(strlen(found.rights.creator), 3900, 4000);
    vn_found_free(&found);
    vn_bytes_free(&list);
}

static void every_cut_of_a_packet_is_harmless(void **state) {
    (void)state;
    VnRights rights = sample_rights();
    VnBytes xmp;
    make(&xmp, &rights);
    for (size_t size = 0; size < xmp.size - 20; size++) {
        uint8_t *exact = vn_malloc(size + !size);
        memcpy(exact, xmp.data, size);
        VnFound found;
        read_xmp(&found, (const char *)exact, size);
        assert_null(found.rights.creator);
        vn_found_free(&found);
        vn_free(exact);
    }
    vn_bytes_free(&xmp);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(only_what_is_known_is_said),
        cmocka_unit_test(text_is_escaped_and_cleaned),
        cmocka_unit_test(forms_of_other_writers),
        cmocka_unit_test(what_belongs_to_something_else_is_left),
        cmocka_unit_test(padding_is_no_fault),
        cmocka_unit_test(pictures_and_positions_are_noticed),
        cmocka_unit_test(hostile_packets_are_ignored_whole),
        cmocka_unit_test(long_lists_and_texts_are_bounded),
        cmocka_unit_test(every_cut_of_a_packet_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
