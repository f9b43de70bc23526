/**
 * Of Twisted's `internet/test/test_endpoints.py`, what is about files: `ServerStringTests.test_sslChainLoads`,
 * `test_sslChainFileMustContainCert` and `test_sslNoTrailingNewlinePem`; `SSLClientStringTests.test_unreadableCertificate` is decided
 * otherwise: such a file is told of.
 */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { readCertificate, readTrustRoots } from "./pem_files.ts";

const { hostEnvironment } = new DenoReactor();

/** A block of PEM, without a line break at its end. */
const pem = (label: string, content: string) =>
  `-----BEGIN ${label}-----\n${content}\n-----END ${label}-----`;
const KEY = pem("PRIVATE KEY", "a2V5");
const LEAF = pem("CERTIFICATE", "bGVhZg==");
const INNER = pem("CERTIFICATE", "aW5uZXI=");
const OUTER = pem("CERTIFICATE", "b3V0ZXI=");

/** Defines a test with these files in a directory of its own. */
function test(
  claim: string,
  files: Record<string, string>,
  f: (directory: string) => Promise<void>,
): void {
  Deno.test(claim, async () => {
    const directory = await Deno.makeTempDir();
    try {
      for (const [name, text] of Object.entries(files)) {
        await Deno.writeTextFile(`${directory}/${name}`, text);
      }
      await f(directory);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  });
}

test("A certificate, its chain and its key come from three files, in that order", {
  "key.pem": `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${
    pem("EC PRIVATE KEY", "a2V5")
  }`,
  "leaf.pem": LEAF,
  "chain.pem": `# the inner one\n${INNER}\n# the outer one\r\n${OUTER}\r\n`,
}, async (directory) => {
  const read = await readCertificate(hostEnvironment, {
    privateKey: `${directory}/key.pem`,
    certificate: `${directory}/leaf.pem`,
    chain: `${directory}/chain.pem`,
  });
  assertEquals(read, {
    cert: `${LEAF}\n${INNER}\n${OUTER}\n`,
    key: `${pem("EC PRIVATE KEY", "a2V5")}\n`,
  });
});

test("A certificate may be in its key's file, and neither is taken for the other", {
  "both.pem": `${LEAF}\n${KEY}\n${INNER}`,
}, async (directory) => {
  const read = await readCertificate(hostEnvironment, { privateKey: `${directory}/both.pem` });
  assertEquals(read, { cert: `${LEAF}\n${INNER}\n`, key: `${KEY}\n` });
});

test("A file that lacks what it is read for is named", {
  "key.pem": KEY,
  "leaf.pem": LEAF,
  "empty.pem": "",
}, async (directory) => {
  const [key, leaf, empty] = ["key", "leaf", "empty"].map((name) => `${directory}/${name}.pem`);
  assert(key !== undefined && leaf !== undefined && empty !== undefined);
  for (
    const [files, message] of [
      [{ privateKey: leaf }, `There is no private key in ${leaf}, as PEM`],
      [{ privateKey: key }, `There is no certificate in ${key}, as PEM`],
      [
        { privateKey: key, certificate: leaf, chain: empty },
        `There is no certificate in ${empty}, as PEM`,
      ],
    ] as const
  ) {
    const error = await assertRejects(() => readCertificate(hostEnvironment, files), Error);
    assertEquals(error.message, message);
  }
});

test(
  "A file that cannot be read is named, with what the system said as the cause",
  {},
  async (directory) => {
    const privateKey = `${directory}/none.pem`;
    const error = await assertRejects(
      () => readCertificate(hostEnvironment, { privateKey }),
      Error,
    );
    assert(error.message.startsWith(`Cannot read the private key in ${privateKey}: No such file`));
    assertInstanceOf(error.cause, Deno.errors.NotFound);
    const missing = await assertRejects(
      () => readTrustRoots(hostEnvironment, directory + "/none"),
      Error,
    );
    assert(
      missing.message.startsWith(`Cannot read the certificates in ${directory}/none: No such`),
    );
  },
);

test(
  "Trust roots come from a directory's .pem files, in the order of their names, or from one file",
  {
    "b.PEM": `${OUTER}\n${INNER}`,
    "a.pem": LEAF,
    "readme.txt": "nothing",
  },
  async (directory) => {
    assertEquals(await readTrustRoots(hostEnvironment, directory), [
      `${LEAF}\n`,
      `${OUTER}\n`,
      `${INNER}\n`,
    ]);
    assertEquals(await readTrustRoots(hostEnvironment, `${directory}/b.PEM`), [
      `${OUTER}\n`,
      `${INNER}\n`,
    ]);
  },
);

test("A directory without certificates, or with a file that has none, is told of", {
  "readme.txt": "nothing",
}, async (directory) => {
  const none = await assertRejects(() => readTrustRoots(hostEnvironment, directory), Error);
  assertEquals(
    none.message,
    `There is no certificate in ${directory}: no file's name ends in .pem`,
  );
  await Deno.writeTextFile(`${directory}/a.pem`, LEAF);
  await Deno.writeTextFile(`${directory}/key.pem`, KEY);
  const wrong = await assertRejects(() => readTrustRoots(hostEnvironment, directory), Error);
  assertEquals(wrong.message, `There is no certificate in ${directory}/key.pem, as PEM`);
});
