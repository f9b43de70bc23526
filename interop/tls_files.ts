/**
 * Certificates in files, as programs want them.
 *
 * @module
 */

import { TestAuthority } from "../testing/fixtures/certificates.ts";
import type { TLSCertificate } from "../reactor/interfaces/mod.ts";
import type { InteropBed } from "./tool.ts";

/** An authority, and what it has signed: as values, and as files that are gone after the test. */
export interface TLSFiles {
  readonly authority: TestAuthority;
  /** For `localhost` and `127.0.0.1`. */
  readonly server: TLSCertificate;
  /** For a client by the name of `CN=Alice`. */
  readonly client: TLSCertificate;
  /**
   * Where all of them are: `server.pem`, `server.key`, `client.pem`, `client.key`; in a folder of
   * its own `roots/ca.pem`.
   */
  readonly folder: string;
}

/** Makes them. */
export async function tlsFiles(fixture: InteropBed): Promise<TLSFiles> {
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
