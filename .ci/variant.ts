/**
 * Prints a variant of deno.json for the commands that need one.
 *
 *     deno run --allow-read .ci/variant.ts docs > deno.docs.json
 *
 * `docs` lets code blocks have unused names: Deno puts an import of all exports of the file before
 * each block, and that would fail under `noUnusedLocals`. `std` takes the @std packages from JSR in
 * place of offline/.
 */

const config = JSON.parse(Deno.readTextFileSync(new URL("../deno.json", import.meta.url)));

switch (Deno.args[0]) {
  case "docs":
    config.compilerOptions.noUnusedLocals = false;
    break;
  case "std":
    Object.assign(config.imports, {
      "@std/assert": "jsr:@std/assert@^1",
      "@std/log": "jsr:@std/log@^0.224",
      "@std/testing/time": "jsr:@std/testing@^1/time",
    });
    break;
  default:
    throw new Error(`Cannot print the variant ${Deno.args[0]}: there are docs and std`);
}

console.log(JSON.stringify(config, null, 2));
