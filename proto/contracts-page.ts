import {
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  FieldDescriptorProto_Type as FieldType,
  type FileDescriptorProto,
  type FileDescriptorSet,
  MethodOptions_IdempotencyLevel as IdempotencyLevel,
  FieldDescriptorProto_Label as Label,
  type MethodDescriptorProto,
  type ServiceDescriptorProto,
} from "@bufbuild/protobuf/wkt";

const HEAD = `# Contracts, field by field

Made from [\`proto/\`](../proto) by \`npm run generate\`; the check fails when it is out of date.
What the fields are used for is in [protocol.md](protocol.md), how the contracts may change in
[versioning.md](versioning.md).
`;

/** Numbers of descriptor.proto, by which comments name what they belong to. */
const TAGS = { message: 4, enum: 5, service: 6, field: 2, method: 2, value: 2, nested: 3 };

const REPEATS: Readonly<Record<IdempotencyLevel, string>> = {
  [IdempotencyLevel.IDEMPOTENCY_UNKNOWN]: "",
  [IdempotencyLevel.NO_SIDE_EFFECTS]: "changes nothing",
  [IdempotencyLevel.IDEMPOTENT]: "may be repeated",
};

/** docs/contracts.md: every service, message, field and value with its comment. */
export function contractsPage(set: FileDescriptorSet): string {
  const files = set.file.filter(({ name }) => isContract(name));
  files.sort((left, right) => (left.name < right.name ? -1 : 1));
  const contents = files
    .map(title)
    .map((name) => `* [${name}](#${anchor(name)})`)
    .join("\n");
  return [HEAD, contents, ...files.map(fileSection)].join("\n");
}

function fileSection(file: FileDescriptorProto): string {
  const comments = new Comments(file);
  const package_ = file.package;
  const sections = [
    ...file.service.map((one, index) => serviceSection(one, package_, comments, index)),
    ...file.messageType.map((one, index) =>
      messageSection(one, package_, comments, [TAGS.message, index]),
    ),
    ...file.enumType.map((one, index) => enumSection(one, package_, comments, [TAGS.enum, index])),
  ];
  const source = `proto/${file.name}`;
  const about = `${comments.ofFile}\n\nSource: [\`${source}\`](../${source})\n`;
  return `\n## ${title(file)}\n\n${about}\n${sections.join("\n")}`;
}

/** One package may have several files. */
function title({ name, package: package_ }: FileDescriptorProto): string {
  return `${package_}, ${name.slice(name.lastIndexOf("/") + 1)}`;
}

function serviceSection(
  service: ServiceDescriptorProto,
  scope: string,
  comments: Comments,
  index: number,
): string {
  const path = [TAGS.service, index];
  const rows = service.method.map((method, at) => [
    `\`${method.name}\``,
    streamed(method.clientStreaming, method.inputType),
    streamed(method.serverStreaming, method.outputType),
    repeats(method),
    comments.of([...path, TAGS.method, at]),
  ]);
  const heading = ["Method", "Request", "Response", "Again", "What"];
  return section(`${scope}.${service.name}`, comments.of(path), heading, rows);
}

function messageSection(
  message: DescriptorProto,
  scope: string,
  comments: Comments,
  path: readonly number[],
): string {
  const name = `${scope}.${message.name}`;
  const rows = message.field.map((field, at) => [
    String(field.number),
    `\`${field.name}\``,
    typeOf(field) + choiceOf(field, message),
    comments.of([...path, TAGS.field, at]),
  ]);
  const nested = message.nestedType
    .map((one, at) => [one, at] as const)
    .filter(([one]) => one.options?.mapEntry !== true)
    .map(([one, at]) => messageSection(one, name, comments, [...path, TAGS.nested, at]));
  const own = section(name, comments.of(path), ["No.", "Field", "Type", "What"], rows);
  return [own, ...nested].join("\n");
}

function enumSection(
  enumeration: EnumDescriptorProto,
  scope: string,
  comments: Comments,
  path: readonly number[],
): string {
  const rows = enumeration.value.map((value, at) => [
    String(value.number),
    `\`${value.name}\``,
    comments.of([...path, TAGS.value, at]),
  ]);
  const name = `${scope}.${enumeration.name}`;
  return section(name, comments.of(path), ["No.", "Value", "What"], rows);
}

function section(
  name: string,
  comment: string,
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const rule = `|${heading.map(() => "---").join("|")}|\n`;
  const table = rows.length === 0 ? "No fields.\n" : line(heading) + rule + rows.map(line).join("");
  return `### ${name}\n\n${comment}\n\n${table}`;
}

function typeOf(field: FieldDescriptorProto): string {
  const name = field.typeName === "" ? FieldType[field.type].toLowerCase() : linked(field.typeName);
  if (field.label === Label.REPEATED) return `repeated ${name}`;
  return field.proto3Optional ? `optional ${name}` : name;
}

function choiceOf(field: FieldDescriptorProto, message: DescriptorProto): string {
  // A field that is only optional is, inside the descriptor, a choice of one.
  if (field.proto3Optional || field.oneofIndex === undefined) return "";
  const isMember = Object.hasOwn(field, "oneofIndex");
  return isMember ? `, one of \`${message.oneofDecl[field.oneofIndex]?.name}\`` : "";
}

function repeats({ options }: MethodDescriptorProto): string {
  return REPEATS[options?.idempotencyLevel ?? IdempotencyLevel.IDEMPOTENCY_UNKNOWN];
}

function streamed(isStream: boolean, typeName: string): string {
  return isStream ? `stream ${linked(typeName)}` : linked(typeName);
}

/** @param typeName ".cardlane.payment.v1.Amounts" */
function linked(typeName: string): string {
  const name = typeName.slice(1);
  const shown = name.slice(name.lastIndexOf(".") + 1);
  return name.startsWith("cardlane.") ? `[${shown}](#${anchor(name)})` : name;
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[.,]/g, "").replaceAll(" ", "-");
}

/** The comments of one file, by the path of what they stand before. */
class Comments {
  readonly #byPath: ReadonlyMap<string, string>;
  /** What stands at the top of the file. */
  readonly ofFile: string;

  constructor(file: FileDescriptorProto) {
    const locations = file.sourceCodeInfo?.location ?? [];
    this.#byPath = new Map(
      locations.map(({ path, leadingComments }) => [path.join("."), leadingComments]),
    );
    // Number 12 is the line `syntax`.
    this.ofFile = this.of([12]);
  }

  /** On one line, safe inside a table. */
  of(path: readonly number[]): string {
    const text = this.#byPath.get(path.join(".")) ?? "";
    return text
      .trim()
      .replaceAll(/\s*\n\s*/g, " ")
      .replaceAll("<", "&lt;")
      .replaceAll("|", "\\|");
  }
}

/** Whether a file of the set is one of this project's contracts. */
export function isContract(fileName: string): boolean {
  return fileName.startsWith("cardlane/");
}
