/** Ports that are in use, and the first example of the package when its port is in use. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { addObserver } from "../log/mod.ts";
import { Factory, Protocol } from "../protocol/mod.ts";
import { runProgram } from "../testing/fixtures/program.ts";
import { DenoReactor } from "../reactor/mod.ts";
import { reportUnhandled } from "../defer/unhandled.ts";
import { TCP4ServerEndpoint, wrapServerTLS } from "./mod.ts";

Deno.test("listen() reports an unhandled failure with the name of the endpoint", () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const messages: string[] = [];
  using _observing = addObserver(({ message }) => messages.push(message), {
    level: "error",
    replay: false,
  });
  const { port } = taken.addr;
  const endpoint = new TCP4ServerEndpoint(new DenoReactor(), port, { interface: "127.0.0.1" });
  endpoint.listen(Factory.forProtocol(Protocol));
  wrapServerTLS({ cert: "", key: "" }, endpoint).listen(Factory.forProtocol(Protocol));
  reportUnhandled();
  const message = `Unhandled error in Deferred (listening on 127.0.0.1:${port})`;
  assertEquals(messages, [message, message]);
});

/** The first example of the package, on another port. */
async function firstExample(port: number): Promise<string> {
  const text = await Deno.readTextFile(new URL("../mod.ts", import.meta.url));
  const [, lines = ""] = /```ts no-eval\n([^]*?)```/.exec(text) ?? [];
  return lines.replaceAll(/^ \* ?/gm, "").replace("reactor, 2000", `reactor, ${port}`);
}

Deno.test("listen() with await ends a program with the error if its port is in use", async () => {
  using taken = Deno.listen({ port: 0 });
  const { code, errors } = await runProgram(await firstExample(taken.addr.port));
  assertEquals(code, 1);
  assertStringIncludes(errors, `0.0.0.0:${taken.addr.port}`);
});

Deno.test("listen() without await logs that the port is in use, and the program continues", async () => {
  using taken = Deno.listen({ port: 0 });
  const source = (await firstExample(taken.addr.port)).replace("await new", "new");
  const { errors } = await runProgram(`
    import { log } from "@torsion/reactor";
    log.addObserver((event) => {
      console.error(event.message);
      if (event.isError) reactor.stop();
    });
    ${source}
  `);
  assertStringIncludes(errors, `Deferred (listening on 0.0.0.0:${taken.addr.port})`);
});
