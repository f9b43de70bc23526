/**
 * Cases of names: those that belong to a host, and those that name constraints allow.
 *
 * @module
 */

import type { JsonGeneralNames, JsonName } from "@peculiar/x509";
import {
  addCases,
  AUTHORITY,
  type CertificateCase,
  underMiddle,
  underRoot,
} from "./certificate_case.ts";
import { constraints, names, purpose, type Tree } from "./forged_certificates.ts";

const table: CertificateCase[] = [];

// Names of hosts.

const NAMES: [host: string, all: JsonGeneralNames | string | JsonName, good: boolean][] = [
  ["foo.example.test", [{ type: "dns", value: "foo.example.test" }], true],
  ["foo.example.test", [{ type: "dns", value: "FOO.Example.TEST" }], true],
  ["foo.example.test.", [{ type: "dns", value: "foo.example.test" }], true],
  ["foo.example.test", [{ type: "dns", value: "foo.example.test." }], false],
  ["foo.example.test", [{ type: "dns", value: "bar.test" }, {
    type: "dns",
    value: "foo.example.test",
  }], true],
  ["foo.example.test", [{ type: "dns", value: "example.test" }], false],
  ["example.test", [{ type: "dns", value: "foo.example.test" }], false],
  ["bücher.example.test", [{ type: "dns", value: "xn--bcher-kva.example.test" }], true],
  ["foo.example.test", [{ type: "dns", value: "*.example.test" }], true],
  ["xn--bcher-kva.example.test", [{ type: "dns", value: "*.example.test" }], true],
  ["a.foo.example.test", [{ type: "dns", value: "*.example.test" }], false],
  ["example.test", [{ type: "dns", value: "*.example.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "f*o.example.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "f*.example.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "*o.example.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "foo.*.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "*.*.test" }], false],
  ["foo.example.test", [{ type: "dns", value: "*" }], false],
  ["example.test", [{ type: "dns", value: "*.test" }], false],
  ["localhost", [{ type: "dns", value: "*" }], false],
  ["127.0.0.1", [{ type: "ip", value: "127.0.0.1" }], true],
  ["::1", [{ type: "ip", value: "::1" }], true],
  ["0:0:0:0:0:0:0:1", [{ type: "ip", value: "::1" }], true],
  ["127.0.0.1", [{ type: "ip", value: "127.0.0.2" }], false],
  ["127.0.0.1", [{ type: "dns", value: "127.0.0.1" }], false],
  ["127.0.0.1", [{ type: "dns", value: "*.0.0.1" }], false],
  ["127.0.0.1", [{ type: "url", value: "http://127.0.0.1/" }], false],
  // Names that try to be others (CVE-2021-44532, CVE-2021-44533).
  ["localhost", "CN=localhost", false],
  ["127.0.0.1", "CN=127.0.0.1", false],
  ["localhost", [{ O: ["x\nCN=localhost"] }], false],
  ["localhost", [{ type: "url", value: "http://m.test/, DNS:localhost" }], false],
  ["localhost", [{ type: "dns", value: "mallory.test, DNS:localhost" }], false],
  ["localhost", [{ type: "dns", value: "localhost, DNS:mallory.test" }], false],
  ["localhost", [{ type: "dn", value: "CN=m.test\\, DNS:localhost" }], false],
  ["localhost", [{ type: "email", value: "m@m.test, DNS:localhost" }], false],
  ["127.0.0.1", [{ type: "url", value: "http://m.test/, IP Address:127.0.0.1" }], false],
  ["localhost", [{ type: "dns", value: "localhost\0.m.test" }], false],
  ["localhost", [{ type: "dns", value: " localhost" }], false],
];
for (const [host, all, good] of NAMES) {
  const isSubject = typeof all === "string" || all.every((name) => !("type" in name));
  const said = JSON.stringify(all);
  table.push({
    name: `${isSubject ? "subject" : "names"} ${said} for the host ${JSON.stringify(host)}`,
    side: "server",
    code: good ? null : "ERR_TLS_CERT_ALTNAME_INVALID",
    make: async (side) => {
      // The types of the two kinds are told apart by hand.
      const options = isSubject
        ? { subject: all as string | JsonName, extensions: [purpose(side)] }
        : { extensions: [purpose(side), names(...all as JsonGeneralNames)] };
      return { ...await underRoot(side, {}, options), host };
    },
  });
}

// Name constraints.

const M = { type: "dns", value: "m.test" } as const;
const LOCAL = { type: "dns", value: "localhost" } as const;

interface Constrained {
  readonly permitted?: readonly Tree[];
  readonly excluded?: readonly Tree[];
  readonly all?: JsonGeneralNames;
  readonly subject?: string | JsonName;
  readonly host?: string;
}

const CONSTRAINED: [what: string, Constrained, good: boolean][] = [
  ["the name itself", { permitted: [{ dns: "m.test" }], all: [M], host: "m.test" }, true],
  ["a name below", {
    permitted: [{ dns: "M.Test" }],
    all: [{ type: "dns", value: "a.b.m.test" }],
    host: "a.b.m.test",
  }, true],
  ["another name", { permitted: [{ dns: "m.test" }], all: [LOCAL] }, false],
  ["a good name and another", { permitted: [{ dns: "m.test" }], all: [M, LOCAL] }, false],
  ["a name that ends alike", {
    permitted: [{ dns: "m.test" }],
    all: [{ type: "dns", value: "evil-m.test" }],
    host: "evil-m.test",
  }, false],
  ["two names in one", {
    permitted: [{ dns: "m.test" }],
    all: [{ type: "dns", value: "localhost, DNS:m.test" }, LOCAL],
  }, false],
  ["the name, where only those below are permitted", {
    permitted: [{ dns: ".m.test" }],
    all: [M],
    host: "m.test",
  }, false],
  ["a name that is excluded", { excluded: [{ dns: "localhost" }], all: [LOCAL] }, false],
  ["a name below one that is excluded", {
    excluded: [{ dns: "test" }],
    all: [M],
    host: "m.test",
  }, false],
  ["a name with a dot that is excluded without", {
    excluded: [{ dns: "m.test" }],
    all: [{ type: "dns", value: "m.test." }, LOCAL],
  }, false],
  ["a wildcard in which an excluded name is", {
    excluded: [{ dns: "secret.example.test" }],
    all: [{ type: "dns", value: "*.example.test" }],
    host: "foo.example.test",
  }, false],
  ["a wildcard that is wider than permitted", {
    permitted: [{ dns: "foo.example.test" }],
    all: [{ type: "dns", value: "*.example.test" }],
    host: "foo.example.test",
  }, false],
  ["a wildcard within", {
    permitted: [{ dns: "example.test" }],
    all: [{ type: "dns", value: "*.example.test" }],
    host: "foo.example.test",
  }, true],
  ["a name where all are excluded", { excluded: [{ dns: "" }], all: [LOCAL] }, false],
  ["an address within", {
    permitted: [{ network: "7f000000ff000000" }],
    all: [{ type: "ip", value: "127.0.0.1" }],
    host: "127.0.0.1",
  }, true],
  ["an address outside", {
    permitted: [{ network: "0a000000ff000000" }],
    all: [{ type: "ip", value: "127.0.0.1" }],
    host: "127.0.0.1",
  }, false],
  ["an address that is excluded", {
    excluded: [{ network: "7f000001ffffffff" }],
    all: [{ type: "ip", value: "127.0.0.1" }],
    host: "127.0.0.1",
  }, false],
  ["an address where only names are permitted", {
    permitted: [{ dns: "m.test" }],
    all: [{ type: "ip", value: "127.0.0.1" }],
    host: "127.0.0.1",
  }, true],
  ["an IPv6 address where only IPv4 is permitted", {
    permitted: [{ network: "7f000000ff000000" }],
    all: [{ type: "ip", value: "::1" }],
    host: "::1",
  }, false],
  ["a subject within", { permitted: [{ dn: "O=Good" }], subject: "O=Good, CN=x" }, true],
  ["a subject outside", { permitted: [{ dn: "O=Good" }], subject: "O=Bad, CN=x" }, false],
  ["a subject in another order", { permitted: [{ dn: "O=Good" }], subject: "CN=x, O=Good" }, false],
  ["a subject that is excluded", { excluded: [{ dn: "O=Bad" }], subject: "O=Bad, CN=x" }, false],
  ["a subject that is excluded, in other letters", {
    excluded: [{ dn: "O=Very Bad" }],
    subject: "O=VERY  bad, CN=x",
  }, false],
  ["a directory name that is excluded", {
    excluded: [{ dn: "O=Bad" }],
    all: [LOCAL, { type: "dn", value: "O=Bad" }],
  }, false],
  ["a mail address, where those are constrained", {
    permitted: [{ email: "m.test" }],
    all: [LOCAL, { type: "email", value: "a@m.test" }],
  }, false],
  ["a URI, where those are constrained", {
    excluded: [{ uri: "n.test" }],
    all: [LOCAL, { type: "url", value: "http://m.test/" }],
  }, false],
];
for (const [what, { permitted = [], excluded = [], ...leaf }, good] of CONSTRAINED) {
  const { all = [LOCAL], subject = "CN=x", host = "localhost" } = leaf;
  const limited = { extensions: [...AUTHORITY, constraints(permitted, excluded)] };
  const own = { subject, extensions: [names(...all)] };
  // Deno's engine knows directory names as excluded ones only.
  const isVetoed = permitted.some(({ dn }) => dn !== undefined);
  addCases(table, good ? null : "PERMITTED_VIOLATION", {
    [`name constraints of the intermediate: ${what}`]: async (side) => ({
      ...await underMiddle(side, limited, own),
      host,
    }),
    [`name constraints of the root: ${what}`]: async (side) => ({
      ...await underRoot(side, { ...limited }, own),
      host,
    }),
    [`name constraints of an authority further up: ${what}`]: async (side) => {
      const { middle, roots } = await underMiddle(side, limited);
      const lower = await middle.issue({ subject, extensions: AUTHORITY });
      return { leaf: await lower.issue(own), others: [lower, middle], roots, host };
    },
  }, { isVetoed });
}

for (
  const [what, options] of Object.entries({
    "no alternative names and the host as common name": { subject: "CN=localhost", extensions: [] },
    "a URI that has the host in it": {
      extensions: [names({ type: "url", value: "http://m.test/, DNS:localhost" })],
    },
  })
) {
  table.push({
    name: `name constraints of the intermediate: ${what}`,
    side: "server",
    code: "ERR_TLS_CERT_ALTNAME_INVALID",
    make: (side) =>
      underMiddle(side, {
        extensions: [...AUTHORITY, constraints([{ dns: "m.test" }])],
      }, options),
  });
}

/** The cases. */
export const NAME_CASES: readonly CertificateCase[] = table;
