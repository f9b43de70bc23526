import { assertEquals, assertThrows } from "@std/assert";
import { compare, TableRecorder } from "./measure.ts";
import { figure, ratioOf, ratioText } from "./results.ts";
import { aligned, markdown, textTables } from "./text_table.ts";

const OPTIONS = { rounds: 2, seconds: 1, connections: 1 };
const METRICS = {
  cpu: { title: "processor time", unit: "µs" },
  perSecond: { title: "messages per second", unit: "/s" },
};

function recorder(shape: "matrix" | "pairs", references: string[]): TableRecorder {
  return new TableRecorder({ title: "A table", shape, metrics: METRICS, references }, OPTIONS);
}

Deno.test("figure() writes three significant digits and the unit", () => {
  assertEquals(figure(1.2345, "µs"), "1.23 µs");
  assertEquals(figure(12.345, "µs"), "12.3 µs");
  assertEquals(figure(12345.6, "µs"), "12,346 µs");
  assertEquals(figure(123_456, "/s"), "123,000/s");
  assertEquals(figure(3, ""), "3");
  assertEquals(figure(NaN, "µs"), "");
});

Deno.test("ratioText() writes two digits after the point, or none above ten", () => {
  assertEquals([0.123, 9.5, 12.3, NaN].map(ratioText), ["0.12", "9.50", "12", ""]);
});

Deno.test("TableRecorder.add() throws on a value that is not finite", () => {
  assertThrows(
    () => recorder("matrix", []).add("load", "ours", { cpu: NaN }),
    Error,
    "Cannot record cpu of ours: NaN",
  );
});

Deno.test("compare() keeps the order of the contenders, and drops the warm-up", async () => {
  const table = recorder("matrix", ["ours"]);
  const order: string[] = [];
  const contenders = ["ours", "theirs"].map((name) => ({
    name,
    run: () => ({ cpu: order.push(name) }),
  }));
  await compare(table, "load", contenders, 2, 1);
  assertEquals(order, ["ours", "theirs", "theirs", "ours", "ours", "theirs"]);
  assertEquals(table.finish().rows, [
    { load: "load", contender: "ours", values: { cpu: [4, 5] } },
    { load: "load", contender: "theirs", values: { cpu: [3, 6] } },
  ]);
});

Deno.test("compare() measures the others when a contender fails, and records the reason", async () => {
  const table = recorder("matrix", []);
  await compare(table, "load", [
    { name: "ours", run: () => ({ cpu: 1 }) },
    { name: "theirs", run: () => Promise.reject(new Error("planned")) },
  ], 2);
  const { failures, rows } = table.finish();
  assertEquals(failures, ["theirs, load: planned"]);
  assertEquals(rows.map(({ values }) => values), [{ cpu: [1, 1] }, {}]);
});

Deno.test("ratioOf() is the median of the ratios of paired rounds", () => {
  const table = recorder("matrix", ["theirs"]);
  for (const [ours, theirs] of [[1, 2], [30, 10], [4, 4]] as const) {
    table.add("load", "ours", { cpu: ours });
    table.add("load", "theirs", { cpu: theirs });
  }
  assertEquals(ratioOf(table.finish(), "load", "ours", "theirs", "cpu"), 1);
});

Deno.test("textTables() writes a matrix for each metric, with the ratios in brackets", () => {
  const table = recorder("matrix", ["theirs"]);
  table.add("small", "ours", { cpu: 1, perSecond: 2000 });
  table.add("large", "ours", { cpu: 4, perSecond: 500 });
  table.add("small", "theirs", { cpu: 2, perSecond: 1000 });
  assertEquals(textTables(table.finish()), [
    {
      caption: "processor time",
      rows: [
        ["", "small", "large"],
        ["ours", "1.00 µs (0.50)", "4.00 µs (–)"],
        ["theirs", "2.00 µs (1.00)", ""],
      ],
    },
    {
      caption: "messages per second",
      rows: [
        ["", "small", "large"],
        ["ours", "2,000/s (2.00)", "500/s (–)"],
        ["theirs", "1,000/s (1.00)", ""],
      ],
    },
  ]);
});

Deno.test("textTables() ends a matrix with the last load divided by the first one", () => {
  const table = new TableRecorder({
    title: "Growth",
    shape: "matrix",
    metrics: { cpu: METRICS.cpu },
    references: [],
    comparesLoads: true,
  }, OPTIONS);
  table.add("1", "ours", { cpu: 2 });
  table.add("10", "ours", { cpu: 3 });
  const [{ rows } = { rows: [] }] = textTables(table.finish());
  assertEquals(rows, [["", "1", "10", "10 / 1"], ["ours", "2.00 µs", "3.00 µs", "1.50"]]);
});

Deno.test("textTables() writes pairs with the figure of this library beside each other one", () => {
  const table = recorder("pairs", ["torsion"]);
  table.add("small", "torsion", { cpu: 1 });
  table.add("small", "theirs", { cpu: 4 });
  const [{ rows } = { rows: [] }] = textTables(table.finish());
  assertEquals(rows, [
    ["Load", "Against", "Its figure", "Torsion", "Ratio"],
    ["small", "theirs", "4.00 µs", "1.00 µs", "0.25"],
  ]);
  assertEquals(aligned([["a", "b"], ["long", "c"]]), "a     b\nlong  c");
  assertEquals(markdown([["a", "b"], ["1", "2"]]), "| a | b |\n| --- | --- |\n| 1 | 2 |");
});
