/**
 * The choice of a certificate.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { CertificateChoice } from "../../reactor/drivers/node/certificate_choice.ts";
import { type Case, type Hook, hostTurn } from "./hook.ts";

/** Requests a certificate, for a handshake that fails or waits. */
async function choose({ act, wrong }: Case): Promise<void> {
  const answers: string[] = [];
  new CertificateChoice(act, {}).choose({
    serverName: "example.test",
    answer: () => answers.push("answer"),
    failed: () => answers.push("failed"),
  });
  await hostTurn();
  // After the answer, the engine sends an alert.
  assertEquals(answers, wrong.fails ? ["failed", "answer"] : []);
}

export const TLS_HOOKS: readonly Hook[] = [
  {
    name: "certificates",
    documented: ["TLSServerOptions.certificates"],
    run: choose,
    refuses: {
      option: "certificates",
      give: (certificates) => new CertificateChoice(certificates, {}),
    },
  },
];
