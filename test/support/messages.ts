/** The messages of the program, read from its source. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const SOURCE = join(__dirname, '../../src');

/**
 * The messages that a directory or file of src/ puts into failures and reports, `…` for what varies.
 *
 * @param path from src/
 */
export function messagesOf(path: string): readonly string[] {
  return [...new Set(filesIn(join(SOURCE, path)).flatMap(messagesIn))];
}

function filesIn(place: string): readonly string[] {
  if (statSync(place).isFile()) return [place];
  return readdirSync(place, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => join(place, file));
}

function parse(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Every text that stands in the source, in pieces between what varies. @param paths from the root */
export function textsIn(paths: readonly string[]): readonly string[] {
  return paths
    .flatMap((path) => filesIn(join(SOURCE, '..', path)))
    .flatMap((file) => {
      const found: string[] = [];
      const visit = (node: ts.Node): void => {
        if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) found.push(node.text);
        if (ts.isTemplateMiddleOrTemplateTail(node)) found.push(node.text);
        ts.forEachChild(node, visit);
      };
      visit(parse(file));
      return found;
    });
}

function messagesIn(file: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const message = messageNode(node);
    if (message !== undefined) found.push(...textsOf(message));
    ts.forEachChild(node, visit);
  };
  visit(parse(file));
  return found;
}

/** `new Failure(kind, MESSAGE)`, `new SessionError(cause, MESSAGE)`, `what: MESSAGE`, `warning: …`, `const what = …`. */
function messageNode(node: ts.Node): ts.Expression | undefined {
  if (ts.isNewExpression(node) && /^(?:Failure|SessionError)$/.test(node.expression.getText())) {
    return node.arguments?.[1];
  }
  const isNamed =
    (ts.isPropertyAssignment(node) || ts.isVariableDeclaration(node)) &&
    /^(?:what|warning)$/.test(node.name.getText());
  return isNamed ? node.initializer : undefined;
}

function textsOf(node: ts.Expression): readonly string[] {
  if (ts.isConditionalExpression(node)) return [node.whenTrue, node.whenFalse].flatMap(textsOf);
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (!ts.isTemplateExpression(node)) return [];
  return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join('')];
}
