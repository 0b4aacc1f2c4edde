// The files of a model that the user has on disk, as a folder. They are read by ranges when they are needed, and go nowhere.
import { blobFolder } from '@tramontane/core'

/** Of `<input type="file" webkitdirectory>`: what lies in the chosen folder itself. Paths are `folder/file`. */
export function chosenFolder(files) {
  const paths = [...files].map((file) => ({ file, path: file.webkitRelativePath.split('/') }))
  const own = paths.filter(({ path }) => path.length === 2)
  return folderOf(
    own.map(({ file }) => file),
    paths[0]?.path[0] ?? 'the chosen folder',
  )
}

/** Of a drop: a folder, or else the files that were dropped together. */
export async function droppedFolder({ items }) {
  // To be asked for at once: they are gone when the event has been handled.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null)
  const directory = entries.find((entry) => entry.isDirectory)
  const found = directory ? await entriesOf(directory) : entries
  const files = found.filter((entry) => entry.isFile).map((entry) => called(entry, 'file'))
  return folderOf(await Promise.all(files), directory?.name ?? 'the dropped files')
}

function folderOf(files, name) {
  return blobFolder(new Map(files.map((file) => [file.name, file])), name)
}

/** A reader gives some at a time, and none at the end. */
async function entriesOf(directory) {
  const reader = directory.createReader()
  const all = []
  for (;;) {
    const some = await called(reader, 'readEntries')
    if (some.length === 0) return all
    all.push(...some)
  }
}

/** A method that takes callbacks, as a promise. */
function called(object, method) {
  return new Promise((resolve, reject) => object[method](resolve, reject))
}
