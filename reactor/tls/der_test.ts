import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  bitsOf,
  booleanOf,
  type DERElement,
  DERError,
  DERReader,
  oidOf,
  onlyElement,
  smallIntegerOf,
  Tag,
  textOf,
  timeOf,
} from "./der.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(" ", ""));
const element = (hex: string): DERElement => new DERReader(bytes(hex)).next("it");
const text = (tag: number, string: string): DERElement => {
  const contents = new TextEncoder().encode(string);
  return { tag, contents, bytes: contents };
};

Deno.test("DERReader reads lengths of one byte and of several", () => {
  assertEquals(element("04 02 0102").contents, bytes("0102"));
  const long = new Uint8Array(300);
  assertEquals(onlyElement(new Uint8Array([4, 0x82, 1, 44, ...long]), 4, "it").contents, long);
});

Deno.test("DERReader refuses malformed encodings and those that are longer than needed", () => {
  const table: [hex: string, message: string][] = [
    ["", "the data ends before it"],
    ["04", "the data ends before it"],
    ["04 02 01", "its length is 2 bytes, but only 1 follow"],
    ["04 80 0000", "indefinite"],
    ["04 81 02 0102", "not in its shortest form"],
    ["04 82 0002 0102", "not in its shortest form"],
    ["04 84 00000001 01", "indefinite or too large"],
    ["1f 01 00", "its DER tag has several bytes"],
    ["05 00", "its DER tag must be 4, got 5"],
    ["04 00 00", "extra bytes"],
  ];
  for (const [hex, message] of table) {
    assertThrows(() => onlyElement(bytes(hex), 4, "it"), DERError, message);
  }
});

Deno.test("DERReader values are accepted only in their canonical encoding", () => {
  assertEquals([booleanOf(element("0101ff"), "it"), booleanOf(element("010100"), "it")], [
    true,
    false,
  ]);
  for (const hex of ["010101", "0100", "0102ffff"]) {
    assertThrows(() => booleanOf(element(hex), "it"), DERError, "not a valid DER BOOLEAN");
  }
  assertEquals(
    ["020100", "02017f", "02020080", "02047fffffff"].map((hex) =>
      smallIntegerOf(element(hex), "it")
    ),
    [
      0,
      127,
      128,
      0x7fffffff,
    ],
  );
  for (const hex of ["0200", "02020001", "0202ffff", "0201ff", "02050080000000"]) {
    assertThrows(() => smallIntegerOf(element(hex), "it"), DERError);
  }
  assertEquals(
    ["0603551d11", "06092a864886f70d010101", "06028837", "060127"].map((hex) =>
      oidOf(element(hex), "it")
    ),
    [
      "2.5.29.17",
      "1.2.840.113549.1.1.1",
      "2.999",
      "0.39",
    ],
  );
  for (const hex of ["0600", "06025580", "0603558001"]) {
    assertThrows(() => oidOf(element(hex), "it"), DERError);
  }
  assertEquals(bitsOf(element("03020780"), "it"), { bytes: bytes("80"), unused: 7 });
  for (const hex of ["0300", "030101", "030208ff", "030201ff"]) {
    assertThrows(() => bitsOf(element(hex), "it"), DERError);
  }
});

Deno.test("oidOf() reads the numbers of a UUID, and refuses longer ones without reading them", () => {
  const uuid = [0x69, 0x83, ...new Uint8Array(17).fill(0xff), 0x7f];
  assertEquals(
    oidOf(element(`06 ${uuid.length.toString(16)} ${Uint8Array.from(uuid).toHex()}`), "it"),
    `2.25.${2n ** 128n - 1n}`,
  );
  // Linear work would take microseconds, and quadratic work more than a second.
  const contents = new Uint8Array(60_000).fill(0xff);
  const started = performance.now();
  assertThrows(
    () => oidOf({ tag: Tag.oid, contents, bytes: contents }, "it"),
    DERError,
    "a number in the object identifier is too large",
  );
  assert(performance.now() - started < 500);
});

Deno.test("timeOf() reads the times of RFC 5280", () => {
  const table: [tag: number, text: string, iso: string][] = [
    [Tag.utcTime, "491231235959Z", "2049-12-31T23:59:59.000Z"],
    [Tag.utcTime, "500101000000Z", "1950-01-01T00:00:00.000Z"],
    [Tag.utcTime, "240229120000Z", "2024-02-29T12:00:00.000Z"],
    [Tag.generalizedTime, "20500101000000Z", "2050-01-01T00:00:00.000Z"],
    [Tag.generalizedTime, "99991231235959Z", "9999-12-31T23:59:59.000Z"],
  ];
  for (const [tag, string, iso] of table) {
    assertEquals(new Date(timeOf(text(tag, string), "it")).toISOString(), iso);
  }
  for (
    const string of [
      "230229120000Z",
      "231301000000Z",
      "230001000000Z",
      "230101240000Z",
      "230101000060Z",
      "2301010000Z",
      "230101000000+0000",
      "230101000000",
      "2301010000é0Z",
    ]
  ) assertThrows(() => timeOf(text(Tag.utcTime, string), "it"), DERError);
  assertThrows(() => timeOf(text(Tag.generalizedTime, "20230101000000.5Z"), "it"), DERError);
  assertThrows(() => timeOf(text(Tag.utf8String, "230101000000Z"), "it"), DERError);
});

Deno.test("textOf() returns undefined for bytes that are invalid for the string type", () => {
  assertEquals(textOf(text(Tag.utf8String, "é\0x")), "é\0x");
  assertEquals(textOf(text(Tag.printableString, "é")), undefined);
  assertEquals(textOf(element("0c01 ff")), undefined);
  assertEquals(textOf(text(Tag.numericString, "1 2")), "1 2");
  assertEquals(textOf(text(Tag.numericString, "1\n")), undefined);
  assertEquals(textOf(element("1401 e9")), "é");
  assertEquals(textOf(element("1e04 00e9 0041")), "éA");
  assertEquals(textOf(element("1e03 00e9 00")), undefined);
  assertEquals(textOf(element("1e02 d800")), undefined);
  assertEquals(textOf(element("0201 01")), undefined);
});
