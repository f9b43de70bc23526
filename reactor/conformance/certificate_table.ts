/**
 * Which certificates are accepted: one table, for every way in which they are checked.
 *
 * @module
 */

import type { JsonGeneralNames, JsonName } from "@peculiar/x509";
import {
  authority,
  constraints,
  Forged,
  type ForgedOptions,
  keyOn,
  names,
  ODD_CURVES,
  purpose,
  type Tree,
  unknown,
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

const table: CertificateCase[] = [];

function add(
  code: string | null,
  lines: Record<string, (side: Side) => Promise<Shown>>,
  more: Pick<CertificateCase, "isVetoed" | "isUnshowable"> = {},
): void {
  for (const [name, make] of Object.entries(lines)) table.push({ name, make, code, ...more });
}

const LOCALHOST = names(
  { type: "dns", value: "localhost" },
  { type: "ip", value: "127.0.0.1" },
);
const AUTHORITY = [authority(), usage("keyCertSign", "cRLSign")];

function leafOptions(side: Side, more: ForgedOptions = {}): ForgedOptions {
  const extensions = [authority(false), usage("digitalSignature"), purpose(side), LOCALHOST];
  return { extensions, ...more };
}

/** A leaf that a root has signed. */
async function underRoot(
  side: Side,
  rootOptions: ForgedOptions,
  leaf: ForgedOptions = {},
): Promise<Shown & { root: Forged }> {
  const root = await Forged.root({ extensions: AUTHORITY, ...rootOptions });
  return { leaf: await root.issue(leafOptions(side, leaf)), roots: [root], root };
}

/** A leaf that an intermediate has signed, which a root has signed. */
async function underMiddle(
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

// Those that sign others.

const SIGNERS: Record<string, [ForgedOptions, string | null]> = {
  "is an authority with keyCertSign": [{}, null],
  "is an authority without key usages": [{ extensions: [authority()] }, null],
  "has expired": [{ days: [-2, -1] }, "CERT_HAS_EXPIRED"],
  "is not valid yet": [{ days: [1, 2] }, "CERT_NOT_YET_VALID"],
  "has no basic constraints": [{ extensions: [usage("keyCertSign")] }, "INVALID_CA"],
  "has no extensions": [{ extensions: [] }, "INVALID_CA"],
  "is CA:FALSE": [{ extensions: [authority(false), usage("keyCertSign")] }, "INVALID_CA"],
  "has key usages without keyCertSign": [
    { extensions: [authority(), usage("digitalSignature", "cRLSign")] },
    "INVALID_CA",
  ],
  "is for something else only": [
    { extensions: [...AUTHORITY, purpose("email")] },
    "INVALID_PURPOSE",
  ],
  "has an unknown critical extension": [
    { extensions: [...AUTHORITY, unknown(true)] },
    "UNHANDLED_CRITICAL_EXTENSION",
  ],
  "has an unknown extension that is not critical": [
    { extensions: [...AUTHORITY, unknown(false)] },
    null,
  ],
  "has a key on P-521": [{ ecdsa: { namedCurve: "P-521", hash: "SHA-512" } }, null],
  "has a key on P-384": [{ ecdsa: { namedCurve: "P-384", hash: "SHA-384" } }, null],
  "signs with P-521 and SHA-256": [
    { ecdsa: { namedCurve: "P-521", hash: "SHA-256" } },
    "UNSUPPORTED_SIGNATURE_ALGORITHM",
  ],
};
for (const [what, [options, code]] of Object.entries(SIGNERS)) {
  add(code, {
    [`root that ${what}`]: (side) => underRoot(side, options),
    [`intermediate that ${what}`]: (side) => underMiddle(side, options),
  });
}

add("INVALID_CA", {
  "root of version 1": async (side) => {
    const { leaf, root } = await underRoot(side, {});
    return { leaf, roots: [await root.asVersion1()] };
  },
  "intermediate of version 1": async (side) => {
    const { leaf, root, middle } = await underMiddle(side, {});
    return { leaf, others: [await middle.asVersion1(root)], roots: [root] };
  },
});

add("INVALID_CA", {
  "leaf that has signed another": async (side) => {
    const { leaf, roots } = await underRoot(side, {});
    return { leaf: await leaf.issue(leafOptions(side)), others: [leaf], roots };
  },
});

add("PATH_LENGTH_EXCEEDED", {
  "intermediate below a root with path length 0": (side) =>
    underMiddle(side, {}, {}, { extensions: [authority(true, 0)] }),
});

add(null, {
  "leaf below a root with path length 0": (side) =>
    underRoot(side, { extensions: [authority(true, 0)] }),
  "intermediate below a root with path length 1": (side) =>
    underMiddle(side, {}, {}, { extensions: [authority(true, 1)] }),
});

// Which of several.

add("CERT_SIGNATURE_FAILURE", {
  "leaf of a stranger with the root's name": async (side) => {
    const { leaf } = await underRoot(side, {});
    return { leaf, roots: [await Forged.root({ extensions: AUTHORITY })] };
  },
  "leaf of a stranger": async (side) => {
    const { leaf, root } = await underRoot(side, { subject: "CN=Stranger" });
    return { leaf, others: [root], roots: [await Forged.root({ extensions: AUTHORITY })] };
  },
  "leaf that has signed itself": async (side) => ({
    leaf: await Forged.root(leafOptions(side, { subject: "CN=Root" })),
    roots: [await Forged.root({ extensions: AUTHORITY })],
  }),
});

for (const place of ["before", "behind"]) {
  const among = (shown: Shown, decoy: Forged): Shown => {
    const others = shown.others ?? [];
    return { ...shown, others: place === "before" ? [decoy, ...others] : [...others, decoy] };
  };
  const decoy = async (side: Side, options: ForgedOptions): Promise<Shown> => {
    const shown = await underMiddle(side, {});
    const made = { subject: "CN=Middle", extensions: AUTHORITY, ...options };
    return among(shown, await shown.root.issue(made));
  };
  add(null, {
    [`expired intermediate with the same key ${place} the good one`]: async (side) => {
      const shown = await underMiddle(side, {});
      const { keys } = shown.middle;
      const days = [-2, -1] as const;
      const made = { subject: "CN=Middle", extensions: AUTHORITY, keys, days };
      return among(shown, await shown.root.issue(made));
    },
    [`intermediate with the same key of an unknown root ${place} the good one`]: async (side) => {
      const shown = await underMiddle(side, {});
      const { keys } = shown.middle;
      const stranger = await Forged.root({ subject: "CN=Stranger", extensions: AUTHORITY });
      return among(
        shown,
        await stranger.issue({ subject: "CN=Middle", extensions: AUTHORITY, keys }),
      );
    },
    [`intermediate with another key ${place} the good one`]: (side) => decoy(side, {}),
    [`the same intermediate twice, again ${place}`]: async (side) => {
      const shown = await underMiddle(side, {});
      return among(shown, shown.middle);
    },
  });
  for (const [curve, parameters] of Object.entries(ODD_CURVES)) {
    add(null, {
      [`intermediate with a key on ${curve} ${place} the good one`]: (side) =>
        decoy(side, { publicKey: keyOn(parameters) }),
    });
  }
}

// Peers' own.

add(null, {
  "self-signed leaf among the roots that is CA:FALSE": async (side) => {
    const leaf = await Forged.root(leafOptions(side, { subject: "CN=Own" }));
    return { leaf, roots: [leaf] };
  },
  "self-signed leaf among the roots that is CA:TRUE": async () => {
    const leaf = await Forged.root({ subject: "CN=Own", extensions: [authority(), LOCALHOST] });
    return { leaf, roots: [await Forged.root({ extensions: AUTHORITY }), leaf] };
  },
  "self-signed leaf among the roots without basic constraints": async () => {
    const leaf = await Forged.root({ subject: "CN=Own", extensions: [LOCALHOST] });
    return { leaf, roots: [leaf] };
  },
  "self-signed leaf among the roots that may sign certificates only": async () => {
    const leaf = await Forged.root({ subject: "CN=Own", extensions: [...AUTHORITY, LOCALHOST] });
    return { leaf, roots: [leaf] };
  },
  "leaf with another key usage for TLS": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, usage("keyEncipherment")] }),
  "leaf without key usages or purposes": (side) => underRoot(side, {}, { extensions: [LOCALHOST] }),
  "leaf with an unknown extension that is not critical": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, unknown(false)] }),
  "leaf for servers and clients": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, purpose("client", "server")] }),
});

const LEAVES: Record<string, [(side: Side) => ForgedOptions, string]> = {
  "has expired": [() => ({ days: [-2, -1] }), "CERT_HAS_EXPIRED"],
  "is not valid yet": [() => ({ days: [1, 2] }), "CERT_NOT_YET_VALID"],
  "is for the other side": [
    (side) => ({ extensions: [LOCALHOST, purpose(side === "server" ? "client" : "server")] }),
    "INVALID_PURPOSE",
  ],
  "is for mail": [() => ({ extensions: [LOCALHOST, purpose("email")] }), "INVALID_PURPOSE"],
  "is for any purpose": [() => ({ extensions: [LOCALHOST, purpose("any")] }), "INVALID_PURPOSE"],
  "has an unknown critical extension": [
    () => ({ extensions: [LOCALHOST, unknown(true)] }),
    "UNHANDLED_CRITICAL_EXTENSION",
  ],
};
for (const [what, [options, code]] of Object.entries(LEAVES)) {
  add(code, {
    [`leaf that ${what}`]: (side) => underRoot(side, {}, options(side)),
    [`self-signed leaf among the roots that ${what}`]: async (side) => {
      const leaf = await Forged.root({ ...leafOptions(side), subject: "CN=Own", ...options(side) });
      return { leaf, roots: [leaf] };
    },
  }, { isUnshowable: code === "UNHANDLED_CRITICAL_EXTENSION" });
}

add("INVALID_PURPOSE", {
  "leaf whose key usage does not allow TLS": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, usage("keyCertSign", "nonRepudiation")] }),
});

add("CERT_REJECTED", {
  "leaf that has its names twice": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, LOCALHOST] }),
}, { isUnshowable: true });

add("UNSUPPORTED_VERSION", {
  "leaf of version 1": async (side) => {
    const { leaf, root } = await underRoot(side, {}, { subject: "CN=localhost" });
    return { leaf: await leaf.asVersion1(root), roots: [root] };
  },
  "self-signed leaf of version 1 among the roots": async () => {
    const leaf = await (await Forged.root({ subject: "CN=localhost" })).asVersion1();
    return { leaf, roots: [leaf] };
  },
}, { isUnshowable: true });

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
  add(good ? null : "PERMITTED_VIOLATION", {
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

/** The table. */
export const CERTIFICATE_TABLE: readonly CertificateCase[] = table;
