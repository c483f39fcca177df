import { USAGE } from '../../../src/check/usage';

test('fits a terminal of 80 columns and of any character set', () => {
  expect(USAGE).toMatch(/^[\x20-\x7e\n]+$/);
  expect(USAGE.split('\n').filter((line) => line.length > 80)).toEqual([]);
  expect(USAGE).toMatch(/[^\n]\n$/);
});

test('has the sections of a manual page, in order', () => {
  expect(USAGE.match(/^[A-Z].*$/gm)).toEqual(['Synopsis', 'Steps', 'Options', 'Exit status']);
});

test('names every option, its default, and what is written to a router', () => {
  expect(USAGE.match(/^ {2}--[a-z-]+/gm)?.map((option) => option.trim())).toEqual([
    '--config',
    '--access-conf',
    '--pin',
    '--pin',
    '--as',
    '--password-file',
    '--quiet',
    '--help',
  ]);
  expect(USAGE).toContain('or else /etc/fwknop/mikrotik.toml)');
  expect(USAGE).toContain('(/etc/fwknop/access.conf)');
  expect(USAGE).toContain('192.0.2.1');
  expect(USAGE).toContain('FWKNOP_CHECK');
});
