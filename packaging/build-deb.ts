/**
 * `npm run package:deb`: packs dist/ into a Debian package, dist-deb/fwknop-mikrotik_*_all.deb.
 *
 *     ts-node packaging/build-deb.ts [DIRECTORY]
 *
 * The same sources give the same package, byte for byte. Its files have a set owner, set modes and a set order;
 * their time is SOURCE_DATE_EPOCH or, without it, the time of the last commit.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { name, version } from '../package.json';
import { debianChangelog } from './changelog';

const ROOT = resolve(__dirname, '..');
const MAINTAINER = 'fwknop-mikrotik maintainers <maintainers@fwknop-mikrotik.invalid>';

const PROGRAM = `usr/lib/${name}`;
const COMMAND = `${PROGRAM}/dist/start.js`;
const DOCUMENTATION = `usr/share/doc/${name}`;
const SCRIPTS = ['postinst', 'prerm', 'postrm'];
/**
 * The Node.js of the package that this one depends on, and no other that a PATH may name: the code cache is made
 * for it. The option is what bin/fwknop-mikrotik gives. Variables that contradict it would stop Node.js, and
 * one that names further CAs, which are never used, slows it down or makes it print a warning. fwknopd 2.6.11 passes
 * its environment on.
 */
const UNSET = ['NODE_OPTIONS', 'NODE_USE_SYSTEM_CA', 'NODE_EXTRA_CA_CERTS'];
const FIRST_LINE = `#!/usr/bin/env -S ${UNSET.map((variable) => `-u ${variable} `).join('')}/usr/bin/node --use-openssl-ca`;

const read = (path: string) => readFileSync(join(ROOT, path));
const template = (path: string, values: Readonly<Record<string, string>>) =>
  String(read(path)).replace(/@([A-Z_]+)@/g, (_, key: string) => values[key] ?? '');

/** The files of the package. */
class Tree {
  readonly directory = mkdtempSync(join(tmpdir(), 'package-deb-'));
  /** The paths of all regular files so far. */
  readonly files: string[] = [];

  constructor() {
    chmodSync(this.directory, 0o755);
  }

  add(path: string, content: Buffer | string, mode = 0o644): void {
    writeFileSync(this.place(path), content, { mode });
    this.files.push(path);
  }

  addCompressed(path: string, content: Buffer | string): void {
    this.add(`${path}.gz`, execFileSync('gzip', ['-9n'], { input: content }));
  }

  link(path: string, target: string): void {
    symlinkSync(relative(dirname(path), target), this.place(path));
  }

  private place(path: string): string {
    const file = join(this.directory, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }
}

function addProgram(tree: Tree): void {
  for (const file of readdirSync(join(ROOT, 'dist')).filter((entry) => entry.endsWith('.js'))) {
    if (file === 'start.js') tree.add(COMMAND, `${FIRST_LINE}\n${read('dist/start.js')}`, 0o755);
    else tree.add(`${PROGRAM}/dist/${file}`, read(`dist/${file}`));
  }
  tree.link(`usr/bin/${name}`, COMMAND);
  tree.add(`usr/share/lintian/overrides/${name}`, read('packaging/lintian-overrides'));
  // Without one, Node.js looks for it in the directories above, which belong to other packages.
  tree.add(`${PROGRAM}/package.json`, `${JSON.stringify({ name, version, type: 'commonjs' })}\n`);
}

function addDocumentation(tree: Tree, date: Date): void {
  tree.addCompressed(`usr/share/man/man8/${name}.8`, read(`man/${name}.8`));
  tree.add(`usr/share/bash-completion/completions/${name}`, read('dist/completion.bash'));
  const pages = readdirSync(join(ROOT, 'docs')).filter((file) => file.endsWith('.md'));
  for (const page of ['README.md', ...pages.map((file) => `docs/${file}`)]) {
    tree.addCompressed(`${DOCUMENTATION}/${page}`, read(page));
  }
  for (const file of ['access.conf.example', 'mikrotik.toml.example']) {
    tree.add(`${DOCUMENTATION}/examples/${file}`, read(file));
  }
  const LICENSE = String(read('LICENSE'));
  const LICENSES = String(read('dist/licenses.txt'));
  tree.add(`${DOCUMENTATION}/copyright`, template('packaging/copyright', { LICENSE, LICENSES }));
  const changelog = debianChangelog(String(read('CHANGELOG.md')), {
    name,
    maintainer: MAINTAINER,
    date,
  });
  if (!changelog.startsWith(`${name} (${version}) `)) {
    throw new Error(`CHANGELOG.md does not begin with version ${version}`);
  }
  tree.addCompressed(`${DOCUMENTATION}/changelog`, changelog);
}

/** Adds the files for dpkg, which describe all files that were added before. */
function addControl(tree: Tree): void {
  const sizes = tree.files.map((path) =>
    Math.ceil(statSync(join(tree.directory, path)).size / 1024),
  );
  const sums = tree.files.map((path) => {
    const sum = createHash('md5').update(readFileSync(join(tree.directory, path)));
    return `${sum.digest('hex')}  ${path}\n`;
  });
  const control = template('packaging/control', {
    VERSION: version,
    MAINTAINER,
    INSTALLED_SIZE: String(sizes.reduce((sum, size) => sum + size, 0)),
  });
  tree.add('DEBIAN/control', control);
  tree.add('DEBIAN/md5sums', sums.join(''));
  tree.add('DEBIAN/triggers', read('packaging/triggers'));
  for (const script of SCRIPTS) tree.add(`DEBIAN/${script}`, read(`packaging/${script}`), 0o755);
}

/** Seconds since 1970. */
function sourceDate(): number {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH !== undefined) return Number(SOURCE_DATE_EPOCH);
  return Number(execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: ROOT }));
}

function main([directory = join(ROOT, 'dist-deb')]: readonly string[]): void {
  const seconds = sourceDate();
  process.umask(0o022);
  const tree = new Tree();
  try {
    addProgram(tree);
    addDocumentation(tree, new Date(seconds * 1000));
    addControl(tree);
    mkdirSync(directory, { recursive: true });
    const file = join(directory, `${name}_${version}_all.deb`);
    // dpkg-deb gives every file that is newer than SOURCE_DATE_EPOCH this time: here, all of them.
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zxz', '--build', tree.directory, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    console.log(file);
  } finally {
    rmSync(tree.directory, { recursive: true });
  }
}

main(process.argv.slice(2));
