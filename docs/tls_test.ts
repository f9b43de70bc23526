// The programs of tls.md, run as the guide says, with certificates like those that its commands
// make.

import { assertEquals, assertMatch } from "@std/assert";
import { TestAuthority } from "../testing/fixtures/certificates.ts";
import { portOf } from "../testing/fixtures/example.ts";
import { GuideFolder } from "../testing/fixtures/guide.ts";

const SERVER = "deno run --allow-net --allow-read tls_server.ts 0";

/** The guide's folder, with the certificates of the authority, the server and the client. */
class TLSFolder implements AsyncDisposable {
  readonly folder: GuideFolder;
  readonly authority: TestAuthority;

  constructor(folder: GuideFolder, authority: TestAuthority) {
    this.folder = folder;
    this.authority = authority;
  }

  static async open(): Promise<TLSFolder> {
    const authority = await TestAuthority.make();
    const opened = new TLSFolder(await GuideFolder.open("tls.md"), authority);
    await opened.folder.write("ca.pem", authority.cert);
    await opened.issue("server", "CN=server", ["localhost"]);
    await opened.issue("client", "CN=client");
    return opened;
  }

  async issue(file: string, name: string, dns: string[] = []): Promise<void> {
    const { cert, key } = await this.authority.issue({ name, dns, ip: [] });
    await this.folder.write(`${file}.pem`, cert);
    await this.folder.write(`${file}.key`, key);
  }

  async client(server: string, name = "client"): Promise<string[]> {
    const command = `deno run --allow-net --allow-read tls_client.ts ${server} ${name}`;
    await using client = this.folder.start(command);
    return (await client.end()).lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.folder[Symbol.asyncDispose]();
  }
}

Deno.test("tls_server.ts greets a client by the name in its certificate", async () => {
  await using tls = await TLSFolder.open();
  await using server = tls.folder.start(SERVER);
  const port = String(await portOf(server));
  const [certificate = "", greeting] = await tls.client(port);
  assertMatch(certificate, /^DNS:localhost until \d{4}-/);
  assertEquals(greeting, "Hello client");

  const { cert, key } = await (await TestAuthority.make("CN=Stranger")).issue();
  await tls.folder.write("stranger.pem", cert);
  await tls.folder.write("stranger.key", key);
  const refused = await tls.client(port, "stranger");
  assertEquals(refused.includes("Hello localhost"), false, refused.join("\n"));
  await server.line(/certificate is not accepted/);
});

Deno.test("tls_server.ts uses a new certificate after SIGHUP", async () => {
  await using tls = await TLSFolder.open();
  await using server = tls.folder.start(SERVER);
  const port = String(await portOf(server));
  await tls.client(port);
  await tls.issue("server", "CN=server", ["localhost", "renewed.example"]);
  server.send("SIGHUP");
  await server.line(/New certificate$/);
  const [certificate = ""] = await tls.client(port);
  assertMatch(certificate, /^DNS:localhost,DNS:renewed\.example until /);
});
