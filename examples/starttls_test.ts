// Runs examples/starttls.ts as server and client, and sends it commands that it must not execute.

import { assertEquals } from "@std/assert";
import { testCertificates } from "../testing/fixtures/certificates.ts";
import { Example, messages, portOf } from "../testing/fixtures/example.ts";
import { RawPeer } from "../testing/peers/raw_peer.ts";

/** The files that the header's command makes, in a temporary folder. */
class Files implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly cert = `${this.folder}/cert.pem`;
  readonly key = `${this.folder}/key.pem`;
  readonly authority = `${this.folder}/authority.pem`;

  static async make(): Promise<Files> {
    const { authority, server } = await testCertificates();
    const files = new Files();
    Deno.writeTextFileSync(files.cert, server.cert);
    Deno.writeTextFileSync(files.key, server.key);
    Deno.writeTextFileSync(files.authority, authority.cert);
    return files;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("starttls.ts starts without encryption, and continues over TLS", async () => {
  using files = await Files.make();
  await using server = new Example("starttls.ts", ["0", files.cert, files.key]);
  const port = String(await portOf(server));
  await using client = new Example("starttls.ts", ["client", port, files.authority]);
  const { code, lines, errors } = await client.end();
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines, [
    "< 220 localhost ESMTP",
    "> EHLO me",
    "< 250-localhost",
    "< 250 STARTTLS",
    "> STARTTLS",
    "< 220 Go ahead",
    "(protected: localhost)",
    "> EHLO me",
    "< 250 localhost",
    "> QUIT",
    "< 221 Bye",
    "(Connection was closed cleanly)",
  ]);
  server.send("SIGINT");
  assertEquals((await server.end()).code, 0);
});

Deno.test("starttls.ts discards unencrypted text that follows STARTTLS", async () => {
  using files = await Files.make();
  await using server = new Example("starttls.ts", ["0", files.cert, files.key]);
  const port = await portOf(server);
  const client = await RawPeer.connect(port);
  await client.send("STARTTLS\r\nQUIT\r\n");
  const answer = "220 localhost ESMTP\r\n220 Go ahead\r\n";
  assertEquals(await client.readText(answer.length), answer);
  await client.send("QUIT\r\n");
  // The reply is a TLS alert and not a reply to QUIT: the text is taken as part of the handshake.
  const rest = await client.readAll();
  assertEquals([...rest.subarray(0, 3)], [21, 3, 3]);
  client.close();
  await server.line(/has gone: TLS handshake with \S+ failed/);
  server.send("SIGINT");
  const { code, lines } = await server.end();
  assertEquals([code, messages(lines).at(-1)], [0, "Main loop terminated."]);
});
