// Child processes in real programs: whether they keep a program alive, and their permissions.
// `../../../testing/conformance/process.ts` tests the behaviour of children and their pipes.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Program, runProgram } from "../../../testing/fixtures/program.ts";

/** The beginning of each program. */
const BEGINNING = `
  import { DenoReactor, ProcessProtocol } from "@torsion/reactor";
  const reactor = new DenoReactor();
  class Child extends ProcessProtocol {
    outReceived(data) { console.log(new TextDecoder().decode(data).trim()); this.onOutput?.(); }
    processEnded(reason) { console.log(reason.message.replace(/\\d+/, "n")); }
  }
`;

Deno.test("spawnProcess() does not keep a program alive whose reactor never runs", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}
    reactor.spawnProcess(new Child(), "cat");
    console.log("end");
  `);
  assertEquals([code, lines, errors], [0, ["end"], ""]);
});

Deno.test("stop() and crash() let the program exit while a child runs and is read", async () => {
  for (const end of ["stop", "crash"]) {
    const { code, lines, errors } = await runProgram(`${BEGINNING}
      const child = new Child();
      reactor.spawnProcess(child, "cat").write("here");
      child.onOutput = () => reactor.${end}();
      await reactor.run();
      console.log("end");
    `);
    assertEquals([code, lines, errors], [0, ["here", "end"], ""]);
  }
});

Deno.test("spawnProcess() keeps the program alive while the reactor runs, and reports the exit", async () => {
  const { code, lines, errors } = await runProgram(`${BEGINNING}
    const child = new Child();
    reactor.spawnProcess(child, "cat").closeStdin();
    const ended = child.processEnded.bind(child);
    child.processEnded = (reason) => { ended(reason); reactor.stop(); };
    await reactor.run();
  `);
  assertEquals([code, lines, errors], [0, ["Process cat (n) exited with code 0"], ""]);
});

Deno.test("stop() keeps the program alive during a pending write to a child process", async () => {
  await using program = Program.evaluate(`${BEGINNING}
    const child = new Child();
    const process = reactor.spawnProcess(child, "/bin/sh", { args: ["-c", "echo ready; exec kill -STOP $$"] });
    const { pid } = process;
    child.onOutput = () => {
      process.write(new Uint8Array(1_000_000));
      reactor.callLater(0, () => reactor.stop());
    };
    // The last statement of the program. A killed child closes its pipes, which completes the
    // write, before it has exited: its flags show that (PF_EXITING) earlier than its state.
    globalThis.addEventListener("unload", () => {
      let [state, isExiting] = ["gone", true];
      try {
        const stat = Deno.readTextFileSync("/proc/" + pid + "/stat");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        [state, isExiting] = [fields[0], (Number(fields[6]) & 4) !== 0];
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      console.log("at the end the child is " + (isExiting ? "dead" : "in state " + state));
    });
    await reactor.run();
    console.log("stopped " + pid);
  `);
  const [, pid] = await program.line(/^stopped (\d+)$/);
  Deno.kill(Number(pid), "SIGKILL");
  const { code, lines, errors } = await program.end();
  assertEquals([code, lines.at(-1), errors], [0, "at the end the child is dead", ""]);
});

Deno.test("spawnProcess() needs --allow-run for its program and no other permission", async () => {
  const module = new URL("../../../mod.ts", import.meta.url);
  const path = await Deno.makeTempFile({ suffix: ".js" });
  try {
    await Deno.writeTextFile(
      path,
      `import { ProcessProtocol, reactor } from "${module}";
      class Child extends ProcessProtocol {
        outReceived(data) { console.log(new TextDecoder().decode(data)); }
        processEnded() { reactor.stop(); }
      }
      try {
        reactor.spawnProcess(new Child(), "echo", { args: ["hello"] });
        await reactor.run();
      } catch (error) {
        console.log(error.name + ": " + error.message);
      }`,
    );
    const run = async (...flags: string[]): Promise<string> => {
      await using program = new Program(["run", "--quiet", "--no-prompt", ...flags, path]);
      return (await program.end()).lines.join("\n").trim();
    };
    assertEquals(await run("--allow-run=echo"), "hello");
    assertStringIncludes(
      await run(),
      'SpawnError: Cannot start "echo": Requires run access to "echo", run again with the --allow-run flag',
    );
  } finally {
    await Deno.remove(path);
  }
});
