/**
 * OpenSSL's command line as a TLS client and as a TLS server.
 *
 * @module
 */

import type { Program } from "../testing/fixtures/program.ts";
import type { TLSFiles } from "./tls_files.ts";
import type { InteropFixture } from "./tool.ts";

/** Starts OpenSSL's client. It verifies the server, and exits when its input ends. */
export function sClient(
  fixture: InteropFixture,
  port: number,
  { folder }: TLSFiles,
  ...more: string[]
): Program {
  return fixture.startAloud(
    "s_client",
    ...["-connect", `127.0.0.1:${port}`, "-CAfile", `${folder}/roots/ca.pem`],
    ...["-verify_return_error", "-verify_hostname", "localhost", "-servername", "localhost"],
    ...more,
  );
}

/**
 * Starts OpenSSL's server, which prints the data that it receives and sends its input.
 *
 * @returns The program and its port.
 */
export async function sServer(
  fixture: InteropFixture,
  { folder }: TLSFiles,
  ...more: string[]
): Promise<[Program, number]> {
  const server = fixture.startAloud(
    "s_server",
    ...["-accept", "127.0.0.1:0", "-naccept", "1"],
    ...["-cert", `${folder}/server.pem`, "-key", `${folder}/server.key`],
    ...more,
  );
  const [, port] = await server.line(/^ACCEPT 127\.0\.0\.1:(\d+)$/);
  return [server, Number(port)];
}
