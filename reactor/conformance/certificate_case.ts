/**
 * Cases of certificates that are accepted or refused, and builders for them.
 *
 * @module
 */

import type { Extension } from "@peculiar/x509";
import {
  authority,
  Forged,
  type ForgedOptions,
  names,
  purpose,
  usage,
} from "./forged_certificates.ts";

/** Which side is checked. */
export type Side = "server" | "client";

/** What a peer shows, and whom the other side trusts. */
export interface Shown {
  /** The peer's certificate, with its key. */
  readonly leaf: Forged;
  /** What it shows with it, in this order. */
  readonly others?: readonly Forged[];
  /** PEM that follows the peer's certificate, before the others. */
  readonly garbage?: string;
  /** Whom the other side trusts. */
  readonly roots: readonly Forged[];
  /** The host that a server must be; `localhost` unless it is given. */
  readonly host?: string;
}

/** One line of the table. */
export interface CertificateCase {
  /** What is special about the certificates. */
  readonly name: string;
  /** Makes them. */
  make(side: Side): Promise<Shown>;
  /** The code of the refusal; null where they are accepted. */
  readonly code: string | null;
  /** Whether Deno's engine refuses it nevertheless, on 2.9.6. */
  readonly isVetoed?: boolean;
  /** Whether a client of `node:tls` cannot show it, on Deno 2.9.6. */
  readonly isUnshowable?: boolean;
  /** Where only one side is concerned: clients have no names to be checked. */
  readonly side?: Side;
}

/** Adds cases with one outcome to a table. */
export function addCases(
  table: CertificateCase[],
  code: string | null,
  lines: Record<string, (side: Side) => Promise<Shown>>,
  more: Pick<CertificateCase, "isVetoed" | "isUnshowable"> = {},
): void {
  for (const [name, make] of Object.entries(lines)) table.push({ name, make, code, ...more });
}

/** The names of this host. */
export const LOCALHOST: Extension = names(
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
);
/** The extensions of an authority. */
export const AUTHORITY: readonly Extension[] = [authority(), usage("keyCertSign", "cRLSign")];

/** The options of a good leaf. */
export function leafOptions(side: Side, more: ForgedOptions = {}): ForgedOptions {
  const extensions = [authority(false), usage("digitalSignature"), purpose(side), LOCALHOST];
  return { extensions, ...more };
}

/** A leaf that a root has signed. */
export async function underRoot(
  side: Side,
  rootOptions: ForgedOptions,
  leaf: ForgedOptions = {},
): Promise<Shown & { root: Forged }> {
  const root = await Forged.root({ extensions: AUTHORITY, ...rootOptions });
  return { leaf: await root.issue(leafOptions(side, leaf)), roots: [root], root };
}

/** A leaf that an intermediate has signed, which a root has signed. */
export async function underMiddle(
  side: Side,
  middleOptions: ForgedOptions,
  leaf: ForgedOptions = {},
  rootOptions: ForgedOptions = {},
): Promise<Shown & { root: Forged; middle: Forged }> {
  const root = await Forged.root({ extensions: AUTHORITY, ...rootOptions });
  const middle = await root.issue({
    subject: "CN=Middle",
    extensions: AUTHORITY,
    ...middleOptions,
  });
  const own = await middle.issue(leafOptions(side, leaf));
  return { leaf: own, others: [middle], roots: [root], root, middle };
}
