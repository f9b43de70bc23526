import { assertEquals } from "@std/assert";
import { Forged, names } from "../../../testing/fixtures/forged_certificates.ts";
import { readCertificate } from "../../tls/certificate.ts";
import { peerCertificate } from "./tls_session.ts";

Deno.test("peerCertificate() returns alternative names and subject attributes separately", async () => {
  const forged = await Forged.root({
    subject: [{ O: ["x\nCN=admin"] }, { OU: ["first"] }, { OU: ["last"] }, { CN: ["bob"] }],
    extensions: [
      names(
        { type: "url", value: "http://m.test/, DNS:localhost, DNS:example.test" },
        { type: "dns", value: "mallory.test, DNS:localhost" },
        { type: "dn", value: "CN=a\\, DNS:localhost" },
        { type: "ip", value: "127.0.0.1" },
        { type: "ip", value: "2001:db8:0:0:0:0:0:1" },
        { type: "email", value: "a@b.test" },
        { type: "id", value: "1.2.3.4" },
      ),
    ],
  });
  const certificate = peerCertificate(readCertificate(forged.der));
  const subject = { O: "x\nCN=admin", OU: "last", CN: "bob" };
  assertEquals([certificate.subject, certificate.issuer], [subject, subject]);
  assertEquals(certificate.subjectAltName, [
    "URI:http://m.test/, DNS:localhost, DNS:example.test",
    "DNS:mallory.test, DNS:localhost",
    "DirName:CN=a\\, DNS:localhost",
    "IP Address:127.0.0.1",
    "IP Address:2001:db8::1",
    "email:a@b.test",
    "Registered ID:1.2.3.4",
  ]);
  assertEquals(certificate.raw, forged.der);
});

Deno.test("peerCertificate() returns no common name that is only text in another attribute", async () => {
  const forged = await Forged.root({ subject: [{ O: ["x\nCN=admin"] }] });
  assertEquals(peerCertificate(readCertificate(forged.der)).subject, { O: "x\nCN=admin" });
});
