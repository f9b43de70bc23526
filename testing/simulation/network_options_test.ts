import { assertThrows } from "@std/assert";
import { checkAddresses, checkNetworkOptions } from "./network_options.ts";

Deno.test("checkNetworkOptions() accepts the options of the documentation, and undefined for each", () => {
  checkNetworkOptions({});
  checkNetworkOptions({
    seed: "a text",
    faults: { loss: 0.5 },
    script: [],
    latency: 0,
    trace: true,
    taskModules: { "file:///x.ts": {} },
    parameters: { hosts: -3 },
  });
  checkNetworkOptions({ seed: undefined, script: undefined, latency: undefined, trace: undefined });
});

Deno.test("checkAddresses() accepts IP addresses only, and names the wrong one", () => {
  checkAddresses("addresses", ["10.0.0.1", "fd00::1"]);
  assertThrows(() => checkAddresses("addresses", ["10.0.0.256"]), RangeError, 'got "10.0.0.256"');
  assertThrows(() => checkAddresses("addresses", undefined), RangeError, "got undefined");
});
