/**
 * Certificates in files, for programs that read them from there.
 *
 * @module
 */

import { TestAuthority } from "../testing/fixtures/certificates.ts";
import type { TLSCertificate } from "../reactor/interfaces/mod.ts";
import type { InteropFixture } from "./tool.ts";

/**
 * An authority and certificates that it has signed, as values, and as files until the end of the
 * test.
 */
export interface TLSFiles {
  readonly authority: TestAuthority;
  /** For `localhost` and `127.0.0.1`. */
  readonly server: TLSCertificate;
  /** For a client with the name `CN=Alice`. */
  readonly client: TLSCertificate;
  /**
   * The folder with `server.pem`, `server.key`, `client.pem` and `client.key`, and in its subfolder
   * the root, `roots/ca.pem`.
   */
  readonly folder: string;
}

/** Creates the certificates and their files. */
export async function tlsFiles(fixture: InteropFixture): Promise<TLSFiles> {
  const folder = fixture.path(".");
  const authority = await TestAuthority.make();
  const server = await authority.issue();
  const client = await authority.issue({ name: "CN=Alice", dns: [], ip: [] });
  await Deno.mkdir(`${folder}/roots`);
  const texts = {
    "roots/ca.pem": authority.cert,
    "server.pem": server.cert,
    "server.key": server.key,
    "client.pem": client.cert,
    "client.key": client.key,
  };
  for (const [name, text] of Object.entries(texts)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
  return { authority, server, client, folder };
}
