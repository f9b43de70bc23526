import { assertEquals, assertRejects } from "@std/assert";
import { DenoReactor } from "./reactor.ts";

Deno.test("A reactor's surroundings are the process's: its number, its variables, its files", async () => {
  const { surroundings } = new DenoReactor();
  assertEquals(surroundings.pid, Deno.pid);
  assertEquals(surroundings.getEnvironment("PATH"), Deno.env.get("PATH"));
  assertEquals(surroundings.getEnvironment("TORSION_IS_NOT_SET"), undefined);
  const directory = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${directory}/inner`);
    await Deno.writeTextFile(`${directory}/one.pem`, "één");
    await Deno.symlink("one.pem", `${directory}/two.pem`);
    assertEquals(await surroundings.readTextFile(`${directory}/one.pem`), "één");
    const names = await surroundings.readDirectory(directory);
    assertEquals(names.toSorted(), ["one.pem", "two.pem"]);
    await assertRejects(
      async () => await surroundings.readTextFile(`${directory}/none`),
      Deno.errors.NotFound,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
