import { spawn, spawnSync } from "node:child_process";

/** Programs that the tutorial uses and this machine lacks. */
export const missingPrograms = (): readonly string[] =>
  ["bash", "curl"].filter((program) => spawnSync(program, ["--version"]).error !== undefined);

/**
 * Runs blocks of shell one after the other in one bash, as a person types them into one terminal. Answers what each
 * printed; throws with all of it if one fails.
 */
export const runInOneShell = async (
  blocks: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<readonly string[]> => {
  const mark = `end-of-block-${crypto.randomUUID()}`;
  const script = blocks.map((block) => `${block}\necho; echo ${mark}`).join("\n");
  const child = spawn("bash", ["-euo", "pipefail", "-c", script], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0) throw new Error(`the shell ended with ${code}\n${stdout}\n${stderr}`);
  return stdout.split(`\n${mark}\n`).slice(0, -1);
};
