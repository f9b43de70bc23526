/**
 * Prints a variant of deno.json for the commands that need one.
 *
 *     deno run --allow-read .ci/variant.ts docs > deno.docs.json
 *
 * `docs` lets code blocks have unused names: Deno puts an import of all that its file exports before each
 * block, and that would fail under `noUnusedLocals`. `std` leaves the links to offline/ out, so that the @std
 * packages come from JSR.
 */

const config = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));

switch (Deno.args[0]) {
  case "docs":
    config.compilerOptions.noUnusedLocals = false;
    break;
  case "std":
    delete config.links;
    break;
  default:
    throw new Error(`Cannot print the variant ${Deno.args[0]}: there are docs and std`);
}

console.log(JSON.stringify(config, null, 2));
