/**
 * Which certificates are accepted: one table, for every way in which they are checked.
 *
 * @module
 */

import {
  addCases,
  AUTHORITY,
  type CertificateCase,
  leafOptions,
  LOCALHOST,
  type Shown,
  type Side,
  underMiddle,
  underRoot,
} from "./certificate_case.ts";
import { NAME_CASES } from "./certificate_name_cases.ts";
import {
  authority,
  Forged,
  type ForgedOptions,
  keyOn,
  ODD_CURVES,
  purpose,
  unknown,
  usage,
} from "./forged_certificates.ts";

const table: CertificateCase[] = [];

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
  addCases(table, code, {
    [`root that ${what}`]: (side) => underRoot(side, options),
    [`intermediate that ${what}`]: (side) => underMiddle(side, options),
  });
}

addCases(table, "INVALID_CA", {
  "root of version 1": async (side) => {
    const { leaf, root } = await underRoot(side, {});
    return { leaf, roots: [await root.asVersion1()] };
  },
  "intermediate of version 1": async (side) => {
    const { leaf, root, middle } = await underMiddle(side, {});
    return { leaf, others: [await middle.asVersion1(root)], roots: [root] };
  },
});

addCases(table, "INVALID_CA", {
  "leaf that has signed another": async (side) => {
    const { leaf, roots } = await underRoot(side, {});
    return { leaf: await leaf.issue(leafOptions(side)), others: [leaf], roots };
  },
});

addCases(table, "PATH_LENGTH_EXCEEDED", {
  "intermediate below a root with path length 0": (side) =>
    underMiddle(side, {}, {}, { extensions: [authority(true, 0)] }),
});

addCases(table, null, {
  "leaf below a root with path length 0": (side) =>
    underRoot(side, { extensions: [authority(true, 0)] }),
  "intermediate below a root with path length 1": (side) =>
    underMiddle(side, {}, {}, { extensions: [authority(true, 1)] }),
});

// Which of several.

addCases(table, "CERT_SIGNATURE_FAILURE", {
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
  addCases(table, null, {
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
    addCases(table, null, {
      [`intermediate with a key on ${curve} ${place} the good one`]: (side) =>
        decoy(side, { publicKey: keyOn(parameters) }),
    });
  }
}

// Peers' own.

addCases(table, null, {
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
  addCases(table, code, {
    [`leaf that ${what}`]: (side) => underRoot(side, {}, options(side)),
    [`self-signed leaf among the roots that ${what}`]: async (side) => {
      const leaf = await Forged.root({ ...leafOptions(side), subject: "CN=Own", ...options(side) });
      return { leaf, roots: [leaf] };
    },
  }, { isUnshowable: code === "UNHANDLED_CRITICAL_EXTENSION" });
}

addCases(table, "INVALID_PURPOSE", {
  "leaf whose key usage does not allow TLS": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, usage("keyCertSign", "nonRepudiation")] }),
});

addCases(table, "CERT_REJECTED", {
  "leaf that has its names twice": (side) =>
    underRoot(side, {}, { extensions: [LOCALHOST, LOCALHOST] }),
}, { isUnshowable: true });

addCases(table, "UNSUPPORTED_VERSION", {
  "leaf of version 1": async (side) => {
    const { leaf, root } = await underRoot(side, {}, { subject: "CN=localhost" });
    return { leaf: await leaf.asVersion1(root), roots: [root] };
  },
  "self-signed leaf of version 1 among the roots": async () => {
    const leaf = await (await Forged.root({ subject: "CN=localhost" })).asVersion1();
    return { leaf, roots: [leaf] };
  },
}, { isUnshowable: true });

/** The table. */
export const CERTIFICATE_TABLE: readonly CertificateCase[] = [...table, ...NAME_CASES];
