#include "refuse_made.h"

#include <errno.h>

#include "buf.h"
#include "inodes_context.h"
#include "node.h"
#include "scratch.h"
#include "types.h"

#include "banned.h"

/* The row of a resource's folder that takes documents, or NULL. */
static const struct tree_row *row_for_documents(const struct resource *res)
{
    const struct tree_row *row;

    for (unsigned i = 0; (row = tree_child(NODE_RESOURCE, res->kind, i)); i++)
        if (row->kind == NODE_COLLECTION && row->use != ROW_ASK &&
            resource_get(row->res)->make_from == MAKE_DOCUMENT)
            return row;
    return NULL;
}

/* PATH/ROW of what documents go into, below the directory of one resource. */
static void say_documents(struct inodes *inodes, struct node *n, const char *row, const char *what,
                          struct failure *err)
{
    cleanup_buf struct buf path = BUF_INIT(PATH_TEXT_MAX);

    node_path(inodes->nodes, n, &path);
    failure_set(err, 0, "%s %s/%s/", what, buf_str(&path), row);
}

static void say_file_in_collection(const struct resource *res, struct failure *err)
{
    if (resource_takes_json(res))
        failure_set(err, 0, "a file in %s must be called NAME.json, and is the body of its POST",
                    res->name);
    else
        failure_set(err, 0, "no file can be made in %s: the API itself makes what is there",
                    res->name);
}

static void say_file_in_resource(struct inodes *inodes, struct node *parent, struct failure *err)
{
    const struct tree_row *row = row_for_documents(parent->place.res);

    if (row)
        say_documents(inodes, parent, row->name,
                      "only temporary files can be made in a resource's directory: documents go "
                      "into",
                      err);
    else
        failure_set(err, 0,
                    "only temporary files can be made in a resource's directory: its fields "
                    "are the files to write");
}

/* Where nothing can be made at all. */
static void say_in_own(const struct place *at, struct failure *err)
{
    if (at->kind == NODE_BY_NAME || at->kind == NODE_BY_ID || at->kind == NODE_BY_FIELD ||
        at->kind == NODE_BY_VALUE)
        failure_set(err, 0,
                    "the links here are made by the mount alone: make it in the folder that "
                    "they lead to");
    else if (at->kind == NODE_CONSENTS || at->kind == NODE_CONSENT)
        failure_set(err, 0,
                    "consents are those that documents carry: documents go into "
                    "consents/las:consent:ID/documents/");
    else if (at->kind == NODE_FAILED || at->kind == NODE_PENDING)
        failure_set(err, 0,
                    "what is here the mount has put here: copy it to the folder where it "
                    "belongs");
    else
        failure_set(err, 0, "what is here is the mount's own: copy it into a collection");
}

int refuse_file(struct inodes *inodes, struct node *parent, const char *name, struct failure *err)
{
    const struct place *at = &parent->place;

    if (scratch_is_aside(name))
        return -EPERM;
    if (at->kind == NODE_ROOT)
        failure_set(err, 0,
                    "no file can be made at the top: documents go into documents/ or "
                    "datasets/NAME/documents/, NAME.json into the collection that it is of");
    else if (at->kind == NODE_RESOURCE)
        say_file_in_resource(inodes, parent, err);
    else if (at->kind == NODE_COLLECTION || at->kind == NODE_SUBFOLDER)
        say_file_in_collection(at->res, err);
    else
        say_in_own(at, err);
    return -EPERM;
}

static void say_folder_in_collection(const struct resource *res, struct failure *err)
{
    if (res->make_from == MAKE_BYTES)
        failure_set(err, 0, "no directory can be made in %s: put its files there one by one",
                    res->name);
    else if (res->make_from == MAKE_JSON)
        failure_set(err, 0,
                    "no directory can be made in %s: copy a file NAME.json there, the body of "
                    "its POST",
                    res->name);
    else
        failure_set(err, 0, "no directory can be made in %s: the API itself makes what is there",
                    res->name);
}

static void say_folder_in_resource(struct inodes *inodes, struct node *parent, struct failure *err)
{
    const struct tree_row *row = row_for_documents(parent->place.res);

    if (row)
        say_documents(inodes, parent, row->name,
                      "what a resource's directory has is given by the API: make folders in", err);
    else
        failure_set(err, 0,
                    "what a resource's directory has is given by the API: no directory can be "
                    "made in it, use those that are there");
}

int refuse_folder(struct inodes *inodes, struct node *parent, const char *name, struct failure *err)
{
    const struct place *at = &parent->place;

    if (scratch_is_aside(name))
        return -EPERM;
    if (scratch_is_repository(name))
        failure_set(err, 0, "a repository has no place here: keep it elsewhere and copy its files");
    else if (at->kind == NODE_ROOT)
        failure_set(err, 0,
                    "the directories at the top are the API's: make folders in documents/, a "
                    "dataset by mkdir datasets/NAME");
    else if (at->kind == NODE_RESOURCE)
        say_folder_in_resource(inodes, parent, err);
    else if (at->kind == NODE_COLLECTION || at->kind == NODE_SUBFOLDER)
        say_folder_in_collection(at->res, err);
    else
        say_in_own(at, err);
    return -EPERM;
}
