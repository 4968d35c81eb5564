/** What a test measured, printed as it happens (jest would add a stack to console.log). */
export function measured(text: string): void {
  process.stdout.write(`      measured: ${text}\n`);
}
