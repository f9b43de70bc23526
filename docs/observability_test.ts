// The programs of observability.md, run as the guide says.

import { assertEquals, assertMatch } from "@std/assert";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

Deno.test({
  name: "described.ts logs what is open on SIGUSR1",
  // Windows has no SIGUSR1.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await GuideFolder.open("observability.md");
    await using program = folder.start("deno run --allow-net described.ts 0");
    const client = await RawPeer.connect(await portOf(program));
    await client.send("hello\n");
    await client.readText(6);
    program.send("SIGUSR1");
    await program.line(/The reactor is running\.$/);
    await program.line(/^\tOpen resources: 2$/);
    await program.line(/^\t {2}Factory on 0\.0\.0\.0:\d+: open 1, accepted 1, refused 0,/);
    await program.line(/^\t {2}connection from .*: Echo, made by Factory on .*, received 6 B/);
    await program.line(/^\tPending timed calls: 1$/);
    await program.line(/^\t {2}DelayedCall\(cleanUp in 3\d{3}\.\d{3} s\)$/);
    program.send("SIGTERM");
    const { code, errors } = await program.end();
    assertEquals([code, errors], [0, ""]);
    client.close();
  },
});

Deno.test("metrics.ts serves the counters in the text format of Prometheus", async () => {
  await using folder = await GuideFolder.open("observability.md");
  await using program = folder.start("deno run --allow-net metrics.ts 0");
  const [, port] = await program.line(/^Metrics on http:\/\/127\.0\.0\.1:(\d+)/);
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await response.text();
  assertMatch(
    text,
    /^(?:# TYPE \w+ (?:gauge|counter|histogram)\n(?:\w+(?:\{.*\})? [\d.e-]+\n)+)+$/,
  );
  assertMatch(text, /^# TYPE reactor_connections_total counter\nreactor_connections_total 0$/m);
  assertMatch(text, /^# TYPE reactor_bytes_unsent gauge\nreactor_bytes_unsent 0$/m);
  assertMatch(text, /^reactor_refusals_total\{reason="maxConnections"\} 0$/m);
  assertMatch(text, /^reactor_lateness_seconds_bucket\{le="\+Inf"\} \d+\n/m);
  assertMatch(text, /^reactor_turn_seconds_sum [\d.e-]+\nreactor_turn_seconds_count \d+$/m);
  if (Deno.build.os === "windows") return;
  program.send("SIGTERM");
  const { code, errors } = await program.end();
  assertEquals([code, errors], [0, ""]);
});

Deno.test("observed.ts prints each connection when it has closed", async () => {
  await using folder = await GuideFolder.open("observability.md");
  await using program = folder.start("deno run --allow-net observed.ts 0");
  const client = await RawPeer.connect(await portOf(program));
  await client.send("hello\n");
  await client.readText(6);
  client.close();
  await program.line(/127\.0\.0\.1:\d+: 6 B in \d\.\d{3} s, ConnectionDone$/);
  program.send(Deno.build.os === "windows" ? "SIGKILL" : "SIGTERM");
  await program.end();
});

Deno.test({
  name: "traced.ts exports its connections and its loop with Deno's OpenTelemetry",
  // Windows has no SIGTERM, which lets the program end and export its metrics.
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using folder = await GuideFolder.open("observability.md");
    // Deno prints spans and metrics to standard error.
    await using program = folder.shell("exec deno run --allow-net traced.ts 0 2>&1", {
      environment: {
        OTEL_DENO: "true",
        OTEL_EXPORTER_OTLP_PROTOCOL: "console",
        OTEL_METRIC_EXPORT_INTERVAL: "50",
      },
    });
    const port = await portOf(program);
    const client = await RawPeer.connect(port);
    await client.send("hunter2\n");
    await client.readText(8);
    client.close();
    await program.line(/^METRIC torsion\.connection\.io \(Sum, unit=By\)$/);
    await program.line(/^METRIC torsion\.connection\.duration \(Histogram, unit=s\)$/);
    program.send("SIGTERM");
    const { code, lines } = await program.end();
    const output = lines.join("\n");
    assertEquals(code, 0);
    assertMatch(output, /^SPAN tcp connection \[.*\] Server /m);
    assertMatch(output, new RegExp(`^  network\\.local\\.port: ${port}$`, "m"));
    assertEquals(output.includes("hunter2"), false);
  },
});

Deno.test("slow.ts logs the callback that kept the event loop busy", async () => {
  await using folder = await GuideFolder.open("observability.md");
  await using program = folder.start("deno run slow.ts");
  await program.line(
    /Slow callback: the timed call computePrimes kept the event loop busy for \d\.\d{3} s$/,
  );
  const { code, errors } = await program.end();
  assertEquals([code, errors], [0, ""]);
});
