import { assertEquals } from "@std/assert";
import { X509Certificate } from "node:crypto";
import { TestAuthority } from "../conformance/certificates.ts";
import { leadsToRoot } from "./certificate_chain.ts";

const parsed = (pem: string): X509Certificate => new X509Certificate(pem);

Deno.test("A chain leads to the root that has signed it, and to none of the same name only", async () => {
  const [authority, namesake] = [await TestAuthority.make(), await TestAuthority.make()];
  const leaf = parsed((await authority.issue()).cert);
  const roots = [authority, namesake].map(({ cert }) => parsed(cert));
  const [own, other] = roots.map((root) => leadsToRoot([leaf], [root]));
  assertEquals([own, other, leadsToRoot([leaf], roots)], [true, false, true]);
  assertEquals(leadsToRoot([], roots), false);
  assertEquals(leadsToRoot([leaf], []), false);
});

Deno.test("A certificate that is itself among the roots is good", async () => {
  const authority = await TestAuthority.make();
  const leaf = parsed((await authority.issue()).cert);
  assertEquals(leadsToRoot([leaf], [leaf]), true);
});

Deno.test("What is not an authority signs nothing, though its signature is good", async () => {
  const authority = await TestAuthority.make();
  for (const isAuthority of [true, false]) {
    const middle = await authority.delegate(isAuthority);
    const chain = [(await middle.issue()).cert, middle.cert].map(parsed);
    assertEquals(leadsToRoot(chain, [parsed(authority.cert)]), isAuthority);
  }
});

Deno.test("A certificate before or after its time leads nowhere", async () => {
  const authority = await TestAuthority.make();
  const leaf = parsed((await authority.issue()).cert);
  const at = (days: number) =>
    leadsToRoot([leaf], [parsed(authority.cert)], new Date(Date.now() + days * 86_400_000));
  assertEquals([at(-3), at(0), at(3)], [false, true, false]);
});
