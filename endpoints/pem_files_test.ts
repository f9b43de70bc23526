/**
 * Twisted's `internet/test/test_endpoints.py`, the tests of files:
 * `ServerStringTests.test_sslChainLoads`, `test_sslChainFileMustContainCert` and
 * `test_sslNoTrailingNewlinePem`. `SSLClientStringTests.test_unreadableCertificate` differs: here
 * such a file is an error.
 */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DenoReactor } from "../reactor/drivers/deno/reactor.ts";
import { readCertificate, readTrustRoots } from "./pem_files.ts";

const { hostEnvironment } = new DenoReactor();

/** A PEM block without a line break at its end. */
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

test("readCertificate() reads the certificate, its chain and its key, in order", {
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

test("readCertificate() reads certificate and key from one file", {
  "both.pem": `${LEAF}\n${KEY}\n${INNER}`,
}, async (directory) => {
  const read = await readCertificate(hostEnvironment, { privateKey: `${directory}/both.pem` });
  assertEquals(read, { cert: `${LEAF}\n${INNER}\n`, key: `${KEY}\n` });
});

test("readCertificate() errors name a file without the expected content", {
  "key.pem": KEY,
  "leaf.pem": LEAF,
  "empty.pem": "",
}, async (directory) => {
  const [key, leaf, empty] = ["key", "leaf", "empty"].map((name) => `${directory}/${name}.pem`);
  assert(key !== undefined && leaf !== undefined && empty !== undefined);
  for (
    const [files, message] of [
      [
        { privateKey: leaf },
        `Cannot read the private key in ${leaf}: the file contains no PEM block of this type`,
      ],
      [
        { privateKey: key },
        `Cannot read the certificate in ${key}: the file contains no PEM block of this type`,
      ],
      [
        { privateKey: key, certificate: leaf, chain: empty },
        `Cannot read the certificate in ${empty}: the file contains no PEM block of this type`,
      ],
    ] as const
  ) {
    const error = await assertRejects(() => readCertificate(hostEnvironment, files), Error);
    assertEquals(error.message, message);
  }
});

test(
  "readCertificate() errors name a file that cannot be read",
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
  "readTrustRoots() reads one file, or all .pem files of a directory in order",
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

test("readTrustRoots() rejects a directory with a file without certificates", {
  "readme.txt": "nothing",
}, async (directory) => {
  const none = await assertRejects(() => readTrustRoots(hostEnvironment, directory), Error);
  assertEquals(
    none.message,
    `Cannot read the certificates in ${directory}: no file has a name that ends in .pem`,
  );
  await Deno.writeTextFile(`${directory}/a.pem`, LEAF);
  await Deno.writeTextFile(`${directory}/key.pem`, KEY);
  const wrong = await assertRejects(() => readTrustRoots(hostEnvironment, directory), Error);
  assertEquals(
    wrong.message,
    `Cannot read the certificate in ${directory}/key.pem: the file contains no PEM block of this type`,
  );
});
