// Calls every hook of the library with every way in which user code can fail. In each case the
// process continues, the error is reported with the hook's name, the resource is lost or kept as
// documented, `connectionLost` is called exactly once, and no resource leaks.

import { assertEquals } from "@std/assert";
import { documentedHooks } from "./documented_hooks.ts";
import { EXCLUSIONS, isExcludedBy } from "./exclusions.ts";
import { checkRefusal, type Hook, runHook, titleOf } from "./hook.ts";
import { AMP_HOOKS } from "./amp_hooks.ts";
import { DATAGRAM_HOOKS } from "./datagram_hooks.ts";
import { DESCRIPTOR_HOOKS } from "./descriptor_hooks.ts";
import { FACTORY_HOOKS } from "./factory_hooks.ts";
import { DEFER_HOOKS } from "./defer_hooks.ts";
import { FRAMING_HOOKS } from "./framing_hooks.ts";
import { LOG_HOOKS } from "./log_hooks.ts";
import { TASK_HOOKS } from "./task_hooks.ts";
import { ENDPOINT_FACTORY_HOOKS } from "./endpoint_factory_hooks.ts";
import { ENDPOINT_HOOKS } from "./endpoint_hooks.ts";
import { POLICY_HOOKS } from "./policy_hooks.ts";
import { PROTOCOL_CLASS_HOOKS } from "./protocol_class_hooks.ts";
import { RESOLVER_HOOKS } from "./resolver_hooks.ts";
import { HTTP_HOOKS } from "./http_hooks.ts";
import { RESP_CLIENT_HOOKS } from "./resp_client_hooks.ts";
import { RESP_HOOKS } from "./resp_hooks.ts";
import { SOCKS_HOOKS } from "./socks_hooks.ts";
import { WEBSOCKET_HOOKS } from "./websocket_hooks.ts";
import { SOCKET_HOOKS } from "./socket_hooks.ts";
import { STDIO_HOOKS } from "./stdio_hooks.ts";
import { THREAD_HOOKS } from "./thread_hooks.ts";
import { SUPERVISOR_HOOKS } from "./supervisor_hooks.ts";
import { TLS_HOOKS } from "./tls_hooks.ts";
import { PROCESS_HOOKS } from "./process_hooks.ts";
import { CORE_HOOKS } from "./core_hooks.ts";
import { OBSERVER_HOOKS } from "./observer_hooks.ts";
import { PRODUCER_HOOKS } from "./producer_hooks.ts";
import { PROTOCOL_HOOKS } from "./protocol_hooks.ts";
import { WRONGS } from "./wrongs.ts";

const HOOKS: readonly Hook[] = [
  ...LOG_HOOKS,
  ...DEFER_HOOKS,
  ...CORE_HOOKS,
  ...OBSERVER_HOOKS,
  ...ENDPOINT_HOOKS,
  ...PROTOCOL_CLASS_HOOKS,
  ...POLICY_HOOKS,
  ...FRAMING_HOOKS,
  ...TASK_HOOKS,
  ...PROTOCOL_HOOKS,
  ...DESCRIPTOR_HOOKS,
  ...PRODUCER_HOOKS,
  ...FACTORY_HOOKS,
  ...ENDPOINT_FACTORY_HOOKS,
  ...DATAGRAM_HOOKS,
  ...PROCESS_HOOKS,
  ...RESOLVER_HOOKS,
  ...TLS_HOOKS,
  ...THREAD_HOOKS,
  ...STDIO_HOOKS,
  ...SOCKET_HOOKS,
  ...AMP_HOOKS,
  ...RESP_HOOKS,
  ...SOCKS_HOOKS,
  ...SUPERVISOR_HOOKS,
  ...HTTP_HOOKS,
  ...WEBSOCKET_HOOKS,
  ...RESP_CLIENT_HOOKS,
];

for (const hook of HOOKS) {
  Deno.test(`${titleOf(hook)} may fail in ${WRONGS.length} ways, each of them reported`, () =>
    runHook(hook));
  if (hook.refuses === undefined) continue;
  Deno.test(`${titleOf(hook)} must be a function`, () => checkRefusal(hook));
}

Deno.test("HOOKS has every hook that the documentation shows, or EXCLUSIONS the reason", async () => {
  const documented = await documentedHooks();
  const called = new Set(HOOKS.flatMap((hook) => hook.documented));
  const isExcluded = (name: string): boolean =>
    EXCLUSIONS.some((exclusion) => isExcludedBy(exclusion, name));
  const missing = documented.filter((name) => !called.has(name) && !isExcluded(name));
  assertEquals(missing, [], "Hooks that are neither in HOOKS nor in EXCLUSIONS");
  const unknown = [...called].filter((name) => !documented.includes(name));
  assertEquals(unknown, [], "Hooks in HOOKS that the documentation does not show");
  const cases = HOOKS.length * WRONGS.length;
  console.log(`hooks: ${HOOKS.length} hooks x ${WRONGS.length} wrongs = ${cases} cases`);
});

Deno.test("EXCLUSIONS has only names that the documentation shows and HOOKS does not", async () => {
  const documented = await documentedHooks();
  const called = new Set(HOOKS.flatMap((hook) => hook.documented));
  const left = documented.filter((name) => !called.has(name));
  const stale = EXCLUSIONS.flatMap(({ reason, methodsOf = [], names = [] }) => [
    ...methodsOf.filter((owner) =>
      !left.some((name) => isExcludedBy({ reason, methodsOf: [owner] }, name))
    ),
    ...names.filter((name) => !left.includes(name)),
  ]);
  assertEquals(stale, []);
});
