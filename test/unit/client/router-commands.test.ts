import { printCommand, removeCommands } from '../../../src/client/router-commands';

test('the entries of the usual lists', () => {
  const lists = ['FWKNOP_{proto}_{port}'];
  expect(printCommand(lists)).toBe('/ip/firewall/address-list/print where list~"FWKNOP"');
  expect(removeCommands(lists, 'fwknop {client}', ['phone'])).toEqual([
    '/ip/firewall/address-list/remove [find where list~"FWKNOP" and comment="fwknop phone"]',
  ]);
  expect(removeCommands(lists, 'fwknop', ['phone'])).toEqual([]);
});

test('lists of several names, with characters that mean something', () => {
  expect(printCommand(['FWKNOP_{proto}_{port}', 'a.b$', 'FWKNOP_{port}'])).toBe(
    '/ip/firewall/address-list/print where list~"FWKNOP|a\\\\.b\\\\\\$"',
  );
});
