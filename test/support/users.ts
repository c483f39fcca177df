/** Other users: to make files of theirs, and to read with their rights. */
import { leftOut } from './left-out';

export const ROOT = 0;
/** Two users who are not root; nobody needs to know them. */
export const [CALLER, STRANGER] = [64001, 64002] as const;

const isRoot = process.geteuid?.() === ROOT;

/** For tests that need files of other users, which root alone can make. */
export const testAsRoot = isRoot ? test : leftOut('tests with files of other users', 'root');

/** Runs with the rights of another user, as far as the system's calls can tell. */
export function asUser<T>(user: number, run: () => T): T {
  const groups = process.getgroups!();
  process.setgroups!([]);
  process.setegid!(user);
  process.seteuid!(user);
  try {
    return run();
  } finally {
    process.seteuid!(ROOT);
    process.setegid!(ROOT);
    process.setgroups!(groups);
  }
}
