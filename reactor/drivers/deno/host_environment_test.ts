import { assertEquals, assertRejects } from "@std/assert";
import { DenoReactor } from "./reactor.ts";

Deno.test("DenoHostEnvironment returns the process id, environment variables and files", async () => {
  const { hostEnvironment } = new DenoReactor();
  assertEquals(hostEnvironment.pid, Deno.pid);
  assertEquals(hostEnvironment.getEnvironment("PATH"), Deno.env.get("PATH"));
  assertEquals(hostEnvironment.getEnvironment("TORSION_IS_NOT_SET"), undefined);
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/inner`);
    await Deno.writeTextFile(`${directory}/one.pem`, "één");
    await Deno.symlink("one.pem", `${directory}/two.pem`);
    assertEquals(await hostEnvironment.readTextFile(`${directory}/one.pem`), "één");
    const names = await hostEnvironment.readDirectory(directory);
    assertEquals(names.toSorted(), ["one.pem", "two.pem"]);
    await assertRejects(
      async () => await hostEnvironment.readTextFile(`${directory}/none`),
      Deno.errors.NotFound,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
